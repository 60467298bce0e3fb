using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.Migrations
{
    /// <inheritdoc />
    public partial class KeySuccessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Successions",
                columns: table => new
                {
                    Old = table.Column<string>(type: "TEXT", nullable: false),
                    New = table.Column<string>(type: "TEXT", nullable: false),
                    Cause = table.Column<int>(type: "INTEGER", nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Statement = table.Column<byte[]>(type: "BLOB", nullable: true),
                    Issuer = table.Column<string>(type: "TEXT", nullable: true),
                    At = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Successions", x => x.Old);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Successions_New",
                table: "Successions",
                column: "New",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Successions");
        }
    }
}
