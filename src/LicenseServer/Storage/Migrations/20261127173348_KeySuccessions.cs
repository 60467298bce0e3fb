using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.LicenseServer.Storage.Migrations
{
    /// <inheritdoc />
    public partial class KeySuccessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "successions",
                columns: table => new
                {
                    id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    old = table.Column<string>(type: "TEXT", nullable: false),
                    @new = table.Column<string>(name: "new", type: "TEXT", nullable: false),
                    cause = table.Column<int>(type: "INTEGER", nullable: false),
                    reason = table.Column<string>(type: "TEXT", maxLength: 255, nullable: true),
                    prepared_at = table.Column<long>(type: "INTEGER", nullable: false),
                    payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    nonce = table.Column<long>(type: "INTEGER", nullable: false),
                    statement = table.Column<byte[]>(type: "BLOB", nullable: true),
                    issuing_certificate = table.Column<string>(type: "TEXT", nullable: true),
                    old_certificates = table.Column<string>(type: "TEXT", nullable: true),
                    switched_at = table.Column<long>(type: "INTEGER", nullable: true),
                    ledger_number = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_successions", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_successions_old",
                table: "successions",
                column: "old",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "successions");
        }
    }
}
