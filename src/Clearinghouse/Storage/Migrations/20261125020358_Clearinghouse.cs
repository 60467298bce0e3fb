using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Clearinghouse : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Activations",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Request = table.Column<byte[]>(type: "BLOB", nullable: false),
                    LicenseServerId = table.Column<string>(type: "TEXT", nullable: false),
                    Day = table.Column<ushort>(type: "INTEGER", nullable: false),
                    KeyId = table.Column<uint>(type: "INTEGER", nullable: false),
                    Term = table.Column<byte>(type: "INTEGER", nullable: false),
                    Issuer = table.Column<string>(type: "TEXT", nullable: false),
                    ToBeSigned = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Signature = table.Column<byte[]>(type: "BLOB", nullable: true),
                    RequestedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    SignedAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Activations", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Agreements",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Program = table.Column<string>(type: "TEXT", nullable: false),
                    Numbers = table.Column<string>(type: "TEXT", nullable: false),
                    Customer = table.Column<string>(type: "TEXT", nullable: false),
                    EnteredAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Until = table.Column<long>(type: "INTEGER", nullable: true),
                    PacksEndWithIt = table.Column<bool>(type: "INTEGER", nullable: false),
                    Closed = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Agreements", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Audit",
                columns: table => new
                {
                    Number = table.Column<long>(type: "INTEGER", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    By = table.Column<string>(type: "TEXT", nullable: true),
                    Salt = table.Column<byte[]>(type: "BLOB", nullable: true),
                    ByHash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Subject = table.Column<string>(type: "TEXT", nullable: false),
                    Commitment = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Hash = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Audit", x => x.Number);
                });

            migrationBuilder.CreateTable(
                name: "Companies",
                columns: table => new
                {
                    LicenseServerId = table.Column<string>(type: "TEXT", nullable: false),
                    Company_FirstName = table.Column<string>(type: "TEXT", nullable: false),
                    Company_LastName = table.Column<string>(type: "TEXT", nullable: false),
                    Company_Company = table.Column<string>(type: "TEXT", nullable: false),
                    Company_Country = table.Column<string>(type: "TEXT", nullable: false),
                    Company_Email = table.Column<string>(type: "TEXT", nullable: true),
                    Company_OrganizationalUnit = table.Column<string>(type: "TEXT", nullable: true),
                    Company_Address = table.Column<string>(type: "TEXT", nullable: true),
                    Company_City = table.Column<string>(type: "TEXT", nullable: true),
                    Company_State = table.Column<string>(type: "TEXT", nullable: true),
                    Company_PostalCode = table.Column<string>(type: "TEXT", nullable: true),
                    ChangedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Companies", x => x.LicenseServerId);
                });

            migrationBuilder.CreateTable(
                name: "GraceExtensions",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    MachineId = table.Column<string>(type: "TEXT", nullable: false),
                    Days = table.Column<int>(type: "INTEGER", nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Statement = table.Column<byte[]>(type: "BLOB", nullable: true),
                    SignedAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_GraceExtensions", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Issuers",
                columns: table => new
                {
                    Fingerprint = table.Column<string>(type: "TEXT", nullable: false),
                    Certificate = table.Column<byte[]>(type: "BLOB", nullable: false),
                    FirstSeenAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Issuers", x => x.Fingerprint);
                });

            migrationBuilder.CreateTable(
                name: "RevocationLists",
                columns: table => new
                {
                    Number = table.Column<long>(type: "INTEGER", nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    IssuedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Statement = table.Column<byte[]>(type: "BLOB", nullable: true),
                    Issuer = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_RevocationLists", x => x.Number);
                });

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

            migrationBuilder.CreateTable(
                name: "accounts",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Role = table.Column<int>(type: "INTEGER", nullable: false),
                    PasswordHash = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    RemovedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    LedgerNumber = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_accounts", x => x.AccountId);
                });

            migrationBuilder.CreateTable(
                name: "sign_in_failures",
                columns: table => new
                {
                    NameHash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Count = table.Column<int>(type: "INTEGER", nullable: false),
                    LastAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sign_in_failures", x => x.NameHash);
                });

            migrationBuilder.CreateTable(
                name: "tokens",
                columns: table => new
                {
                    TokenId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Kind = table.Column<int>(type: "INTEGER", nullable: false),
                    Hash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: true),
                    Role = table.Column<int>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    ExpiresAt = table.Column<long>(type: "INTEGER", nullable: false),
                    LastUsedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    RevokedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    LedgerNumber = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tokens", x => x.TokenId);
                });

            migrationBuilder.CreateTable(
                name: "AgreementLimits",
                columns: table => new
                {
                    AgreementId = table.Column<long>(type: "INTEGER", nullable: false),
                    Type = table.Column<int>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    Quantity = table.Column<int>(type: "INTEGER", nullable: false),
                    Drawn = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AgreementLimits", x => new { x.AgreementId, x.Type, x.Version });
                    table.CheckConstraint("CK_AgreementLimits_Drawn", "Drawn >= 0 AND Drawn <= Quantity");
                    table.ForeignKey(
                        name: "FK_AgreementLimits_Agreements_AgreementId",
                        column: x => x.AgreementId,
                        principalTable: "Agreements",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "AgreementServers",
                columns: table => new
                {
                    AgreementId = table.Column<long>(type: "INTEGER", nullable: false),
                    LicenseServerId = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AgreementServers", x => new { x.AgreementId, x.LicenseServerId });
                    table.ForeignKey(
                        name: "FK_AgreementServers_Agreements_AgreementId",
                        column: x => x.AgreementId,
                        principalTable: "Agreements",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ProductKeys",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    LookupHash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    SealedText = table.Column<byte[]>(type: "BLOB", nullable: true),
                    Type = table.Column<int>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    Quantity = table.Column<int>(type: "INTEGER", nullable: false),
                    Program = table.Column<string>(type: "TEXT", nullable: false),
                    MintedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    AgreementId = table.Column<long>(type: "INTEGER", nullable: true),
                    DrawNonce = table.Column<byte[]>(type: "BLOB", nullable: true),
                    BoundTo = table.Column<string>(type: "TEXT", nullable: true),
                    PackUntil = table.Column<long>(type: "INTEGER", nullable: true),
                    RedeemedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    RedeemedBy = table.Column<string>(type: "TEXT", nullable: true),
                    PackId = table.Column<Guid>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ProductKeys", x => x.Id);
                    table.ForeignKey(
                        name: "FK_ProductKeys_Agreements_AgreementId",
                        column: x => x.AgreementId,
                        principalTable: "Agreements",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "KeyPacks",
                columns: table => new
                {
                    PackId = table.Column<Guid>(type: "TEXT", nullable: false),
                    ProductKeyId = table.Column<long>(type: "INTEGER", nullable: false),
                    LicenseServer = table.Column<string>(type: "TEXT", nullable: false),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Statement = table.Column<byte[]>(type: "BLOB", nullable: true),
                    Issuer = table.Column<string>(type: "TEXT", nullable: true),
                    TransferredAt = table.Column<long>(type: "INTEGER", nullable: true),
                    SignedAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_KeyPacks", x => x.PackId);
                    table.ForeignKey(
                        name: "FK_KeyPacks_ProductKeys_ProductKeyId",
                        column: x => x.ProductKeyId,
                        principalTable: "ProductKeys",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Activations_LicenseServerId",
                table: "Activations",
                column: "LicenseServerId");

            migrationBuilder.CreateIndex(
                name: "IX_Activations_Request",
                table: "Activations",
                column: "Request",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Agreements_Program_Numbers",
                table: "Agreements",
                columns: new[] { "Program", "Numbers" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_GraceExtensions_MachineId",
                table: "GraceExtensions",
                column: "MachineId");

            migrationBuilder.CreateIndex(
                name: "IX_KeyPacks_ProductKeyId",
                table: "KeyPacks",
                column: "ProductKeyId",
                unique: true,
                filter: "TransferredAt IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_ProductKeys_AgreementId",
                table: "ProductKeys",
                column: "AgreementId");

            migrationBuilder.CreateIndex(
                name: "IX_ProductKeys_DrawNonce",
                table: "ProductKeys",
                column: "DrawNonce",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_ProductKeys_LookupHash",
                table: "ProductKeys",
                column: "LookupHash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_ProductKeys_RedeemedAt",
                table: "ProductKeys",
                column: "RedeemedAt");

            migrationBuilder.CreateIndex(
                name: "IX_accounts_Name",
                table: "accounts",
                column: "Name",
                unique: true,
                filter: "RemovedAt IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_sign_in_failures_LastAt",
                table: "sign_in_failures",
                column: "LastAt");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_AccountId",
                table: "tokens",
                column: "AccountId");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_ExpiresAt",
                table: "tokens",
                column: "ExpiresAt");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_Hash",
                table: "tokens",
                column: "Hash",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Activations");

            migrationBuilder.DropTable(
                name: "AgreementLimits");

            migrationBuilder.DropTable(
                name: "AgreementServers");

            migrationBuilder.DropTable(
                name: "Audit");

            migrationBuilder.DropTable(
                name: "Companies");

            migrationBuilder.DropTable(
                name: "GraceExtensions");

            migrationBuilder.DropTable(
                name: "Issuers");

            migrationBuilder.DropTable(
                name: "KeyPacks");

            migrationBuilder.DropTable(
                name: "RevocationLists");

            migrationBuilder.DropTable(
                name: "Revocations");

            migrationBuilder.DropTable(
                name: "accounts");

            migrationBuilder.DropTable(
                name: "sign_in_failures");

            migrationBuilder.DropTable(
                name: "tokens");

            migrationBuilder.DropTable(
                name: "ProductKeys");

            migrationBuilder.DropTable(
                name: "Agreements");
        }
    }
}
