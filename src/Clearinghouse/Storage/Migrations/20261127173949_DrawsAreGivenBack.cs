using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.Migrations
{
    /// <inheritdoc />
    public partial class DrawsAreGivenBack : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "ReleasedAt",
                table: "ProductKeys",
                type: "INTEGER",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "ReleasedAt",
                table: "ProductKeys");
        }
    }
}
