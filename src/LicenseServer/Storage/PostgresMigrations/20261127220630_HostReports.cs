using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Ostiary.LicenseServer.Storage.PostgresMigrations
{
    /// <inheritdoc />
    public partial class HostReports : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_licenses_kind_status_not_after",
                table: "licenses");

            migrationBuilder.CreateTable(
                name: "host_refusals",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    refusal_id = table.Column<long>(type: "bigint", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    reason = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    rule = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    device = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    hardware_id = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    user_name = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    address = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    detail = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    fix = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    observed = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_host_refusals", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "host_sessions",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    session_id = table.Column<long>(type: "bigint", nullable: false),
                    started_at = table.Column<long>(type: "bigint", nullable: false),
                    device = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    hardware_id = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    address = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    account = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    rule = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    serial = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    temporary = table.Column<bool>(type: "boolean", nullable: false),
                    grace_days_left = table.Column<int>(type: "integer", nullable: true),
                    ended_at = table.Column<long>(type: "bigint", nullable: true),
                    end = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    told_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_host_sessions", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "host_states",
                columns: table => new
                {
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    told_at = table.Column<long>(type: "bigint", nullable: false),
                    state = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_host_states", x => x.host_id);
                });

            migrationBuilder.CreateTable(
                name: "usage_days",
                columns: table => new
                {
                    day = table.Column<int>(type: "integer", nullable: false),
                    type = table.Column<int>(type: "integer", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    installed = table.Column<int>(type: "integer", nullable: false),
                    issued = table.Column<int>(type: "integer", nullable: false),
                    temporary = table.Column<int>(type: "integer", nullable: false),
                    over_used = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_usage_days", x => new { x.day, x.type, x.version });
                });

            migrationBuilder.CreateIndex(
                name: "IX_licenses_kind_status_not_after_version",
                table: "licenses",
                columns: new[] { "kind", "status", "not_after", "version" },
                filter: "kind = 0 AND status = 0");

            migrationBuilder.CreateIndex(
                name: "IX_host_refusals_at",
                table: "host_refusals",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "IX_host_refusals_host_id_refusal_id_at",
                table: "host_refusals",
                columns: new[] { "host_id", "refusal_id", "at" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_host_refusals_observed",
                table: "host_refusals",
                column: "observed",
                filter: "observed");

            migrationBuilder.CreateIndex(
                name: "IX_host_sessions_ended_at",
                table: "host_sessions",
                column: "ended_at",
                filter: "ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_host_sessions_host_id_session_id_started_at",
                table: "host_sessions",
                columns: new[] { "host_id", "session_id", "started_at" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_host_sessions_started_at",
                table: "host_sessions",
                column: "started_at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "host_refusals");

            migrationBuilder.DropTable(
                name: "host_sessions");

            migrationBuilder.DropTable(
                name: "host_states");

            migrationBuilder.DropTable(
                name: "usage_days");

            migrationBuilder.DropIndex(
                name: "IX_licenses_kind_status_not_after_version",
                table: "licenses");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_kind_status_not_after",
                table: "licenses",
                columns: new[] { "kind", "status", "not_after" },
                filter: "kind = 0 AND status = 0");
        }
    }
}
