using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.LicenseServer.Storage.Migrations
{
    /// <inheritdoc />
    public partial class HostGroups : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "security_group",
                table: "policy",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "group",
                table: "hosts",
                type: "TEXT",
                maxLength: 64,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "host_groups",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    values = table.Column<byte[]>(type: "BLOB", nullable: false),
                    removed_at = table.Column<long>(type: "INTEGER", nullable: true),
                    ledger_number = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_host_groups", x => x.name);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "host_groups");

            migrationBuilder.DropColumn(
                name: "security_group",
                table: "policy");

            migrationBuilder.DropColumn(
                name: "group",
                table: "hosts");
        }
    }
}
