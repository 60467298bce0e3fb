using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.LicenseServer.Storage.PostgresMigrations
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
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "group",
                table: "hosts",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true,
                collation: "C");

            migrationBuilder.CreateTable(
                name: "host_groups",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    values = table.Column<byte[]>(type: "bytea", nullable: false),
                    removed_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
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
