using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.Migrations
{
    /// <inheritdoc />
    public partial class RevocationsAreLifted : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Rows get their numbers in the order in which they were revoked: a number cannot be added to the rows that are there.
            migrationBuilder.RenameTable(name: "Revocations", newName: "RevocationsBefore");

            migrationBuilder.CreateTable(
                name: "Revocations",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Subject = table.Column<string>(type: "TEXT", nullable: false),
                    IsLicenseServer = table.Column<bool>(type: "INTEGER", nullable: false),
                    Reason = table.Column<int>(type: "INTEGER", nullable: false),
                    RevokedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    LiftedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    LiftReason = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Revocations_Id", x => x.Id);
                });

            migrationBuilder.Sql(
                "INSERT INTO \"Revocations\" (\"Subject\", \"IsLicenseServer\", \"Reason\", \"RevokedAt\") SELECT \"Subject\", \"IsLicenseServer\", \"Reason\", \"RevokedAt\" FROM \"RevocationsBefore\" ORDER BY \"RevokedAt\", \"Subject\"");

            migrationBuilder.DropTable(
                name: "RevocationsBefore");

            migrationBuilder.CreateIndex(
                name: "IX_Revocations_Subject",
                table: "Revocations",
                column: "Subject",
                unique: true,
                filter: "LiftedAt IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.RenameTable(name: "Revocations", newName: "RevocationsAfter");

            migrationBuilder.CreateTable(
                name: "Revocations",
                columns: table => new
                {
                    Subject = table.Column<string>(type: "TEXT", nullable: false),
                    IsLicenseServer = table.Column<bool>(type: "INTEGER", nullable: false),
                    Reason = table.Column<int>(type: "INTEGER", nullable: false),
                    RevokedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Revocations", x => x.Subject);
                });

            migrationBuilder.Sql(
                "INSERT INTO \"Revocations\" SELECT \"Subject\", \"IsLicenseServer\", \"Reason\", \"RevokedAt\" FROM \"RevocationsAfter\" WHERE \"LiftedAt\" IS NULL");

            migrationBuilder.DropTable(
                name: "RevocationsAfter");
        }
    }
}
