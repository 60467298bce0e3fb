using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.LicenseServer.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Reactivation : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "accepted_kind",
                table: "identity",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "confirmation",
                table: "identity",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "deactivated_at",
                table: "identity",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "pending_after",
                table: "identity",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "pending_kind",
                table: "identity",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "pending_nonce",
                table: "identity",
                type: "INTEGER",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "accepted_kind",
                table: "identity");

            migrationBuilder.DropColumn(
                name: "confirmation",
                table: "identity");

            migrationBuilder.DropColumn(
                name: "deactivated_at",
                table: "identity");

            migrationBuilder.DropColumn(
                name: "pending_after",
                table: "identity");

            migrationBuilder.DropColumn(
                name: "pending_kind",
                table: "identity");

            migrationBuilder.DropColumn(
                name: "pending_nonce",
                table: "identity");
        }
    }
}
