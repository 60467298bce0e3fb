using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.Migrations
{
    /// <inheritdoc />
    public partial class ToBeSigned : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "ToBeSigned",
                columns: table => new
                {
                    Digest = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    AuditNumber = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ToBeSigned", x => new { x.Digest, x.Kind });
                    table.ForeignKey(
                        name: "FK_ToBeSigned_Audit_AuditNumber",
                        column: x => x.AuditNumber,
                        principalTable: "Audit",
                        principalColumn: "Number",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_ToBeSigned_AuditNumber",
                table: "ToBeSigned",
                column: "AuditNumber");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "ToBeSigned");
        }
    }
}
