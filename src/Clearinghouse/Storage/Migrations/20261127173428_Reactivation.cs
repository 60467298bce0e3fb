using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Reactivation : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "GivenBackAt",
                table: "ProductKeys",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "DeactivatedAt",
                table: "Activations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Contacts",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    LicenseServerId = table.Column<string>(type: "TEXT", nullable: false),
                    Contact_FirstName = table.Column<string>(type: "TEXT", nullable: false),
                    Contact_LastName = table.Column<string>(type: "TEXT", nullable: false),
                    Contact_Email = table.Column<string>(type: "TEXT", nullable: false),
                    Contact_Phone = table.Column<string>(type: "TEXT", nullable: true),
                    Confirmed = table.Column<string>(type: "TEXT", nullable: false),
                    EnteredAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Contacts", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Deactivations",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Request = table.Column<byte[]>(type: "BLOB", nullable: false),
                    LicenseServerId = table.Column<string>(type: "TEXT", nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Statement = table.Column<byte[]>(type: "BLOB", nullable: true),
                    Issuer = table.Column<string>(type: "TEXT", nullable: true),
                    RequestedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Freed = table.Column<int>(type: "INTEGER", nullable: false),
                    GivenBack = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Deactivations", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Contacts_LicenseServerId",
                table: "Contacts",
                column: "LicenseServerId");

            migrationBuilder.CreateIndex(
                name: "IX_Deactivations_LicenseServerId",
                table: "Deactivations",
                column: "LicenseServerId");

            migrationBuilder.CreateIndex(
                name: "IX_Deactivations_Request",
                table: "Deactivations",
                column: "Request",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Contacts");

            migrationBuilder.DropTable(
                name: "Deactivations");

            migrationBuilder.DropColumn(
                name: "GivenBackAt",
                table: "ProductKeys");

            migrationBuilder.DropColumn(
                name: "DeactivatedAt",
                table: "Activations");
        }
    }
}
