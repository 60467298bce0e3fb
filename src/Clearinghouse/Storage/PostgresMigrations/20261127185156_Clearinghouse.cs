using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Ostiary.Clearinghouse.Storage.PostgresMigrations
{
    /// <inheritdoc />
    public partial class Clearinghouse : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "accounts",
                columns: table => new
                {
                    accountid = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    role = table.Column<int>(type: "integer", nullable: false),
                    passwordhash = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    createdat = table.Column<long>(type: "bigint", nullable: false),
                    removedat = table.Column<long>(type: "bigint", nullable: true),
                    ledgernumber = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_accounts", x => x.accountid);
                });

            migrationBuilder.CreateTable(
                name: "activations",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    request = table.Column<byte[]>(type: "bytea", nullable: false),
                    licenseserverid = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    day = table.Column<int>(type: "integer", nullable: false),
                    keyid = table.Column<long>(type: "bigint", nullable: false),
                    term = table.Column<byte>(type: "smallint", nullable: false),
                    issuer = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    tobesigned = table.Column<byte[]>(type: "bytea", nullable: false),
                    signature = table.Column<byte[]>(type: "bytea", nullable: true),
                    requestedat = table.Column<long>(type: "bigint", nullable: false),
                    signedat = table.Column<long>(type: "bigint", nullable: true),
                    deactivatedat = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_activations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "agreements",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    program = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    numbers = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    customer = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    enteredat = table.Column<long>(type: "bigint", nullable: false),
                    until = table.Column<long>(type: "bigint", nullable: true),
                    packsendwithit = table.Column<bool>(type: "boolean", nullable: false),
                    closed = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_agreements", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "audit",
                columns: table => new
                {
                    number = table.Column<long>(type: "bigint", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    by = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    salt = table.Column<byte[]>(type: "bytea", nullable: true),
                    byhash = table.Column<byte[]>(type: "bytea", nullable: false),
                    subject = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    commitment = table.Column<byte[]>(type: "bytea", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit", x => x.number);
                });

            migrationBuilder.CreateTable(
                name: "companies",
                columns: table => new
                {
                    licenseserverid = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    company_firstname = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    company_lastname = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    company_company = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    company_country = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    company_email = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    company_organizationalunit = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    company_address = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    company_city = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    company_state = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    company_postalcode = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    changedat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_companies", x => x.licenseserverid);
                });

            migrationBuilder.CreateTable(
                name: "contacts",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    licenseserverid = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    contact_firstname = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    contact_lastname = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    contact_email = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    contact_phone = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    confirmed = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    enteredat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_contacts", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "deactivations",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    request = table.Column<byte[]>(type: "bytea", nullable: false),
                    licenseserverid = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: true),
                    issuer = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    requestedat = table.Column<long>(type: "bigint", nullable: false),
                    freed = table.Column<int>(type: "integer", nullable: false),
                    givenback = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_deactivations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "graceextensions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    machineid = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    days = table.Column<int>(type: "integer", nullable: false),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: true),
                    signedat = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_graceextensions", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "issuers",
                columns: table => new
                {
                    fingerprint = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    certificate = table.Column<byte[]>(type: "bytea", nullable: false),
                    firstseenat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_issuers", x => x.fingerprint);
                });

            migrationBuilder.CreateTable(
                name: "revocationlists",
                columns: table => new
                {
                    number = table.Column<long>(type: "bigint", nullable: false),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    issuedat = table.Column<long>(type: "bigint", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: true),
                    issuer = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_revocationlists", x => x.number);
                });

            migrationBuilder.CreateTable(
                name: "revocations",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    subject = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    islicenseserver = table.Column<bool>(type: "boolean", nullable: false),
                    reason = table.Column<int>(type: "integer", nullable: false),
                    revokedat = table.Column<long>(type: "bigint", nullable: false),
                    liftedat = table.Column<long>(type: "bigint", nullable: true),
                    liftreason = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_revocations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "sign_in_failures",
                columns: table => new
                {
                    namehash = table.Column<byte[]>(type: "bytea", nullable: false),
                    count = table.Column<int>(type: "integer", nullable: false),
                    lastat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sign_in_failures", x => x.namehash);
                });

            migrationBuilder.CreateTable(
                name: "successions",
                columns: table => new
                {
                    old = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    @new = table.Column<string>(name: "new", type: "text", nullable: false, collation: "C"),
                    cause = table.Column<int>(type: "integer", nullable: false),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: true),
                    issuer = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_successions", x => x.old);
                });

            migrationBuilder.CreateTable(
                name: "tokens",
                columns: table => new
                {
                    tokenid = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<int>(type: "integer", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    accountid = table.Column<Guid>(type: "uuid", nullable: true),
                    role = table.Column<int>(type: "integer", nullable: false),
                    createdat = table.Column<long>(type: "bigint", nullable: false),
                    expiresat = table.Column<long>(type: "bigint", nullable: false),
                    lastusedat = table.Column<long>(type: "bigint", nullable: true),
                    revokedat = table.Column<long>(type: "bigint", nullable: true),
                    ledgernumber = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tokens", x => x.tokenid);
                });

            migrationBuilder.CreateTable(
                name: "transfers",
                columns: table => new
                {
                    transferid = table.Column<Guid>(type: "uuid", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    target = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_transfers", x => x.transferid);
                });

            migrationBuilder.CreateTable(
                name: "wrongkeys",
                columns: table => new
                {
                    bucket = table.Column<byte[]>(type: "bytea", nullable: false),
                    count = table.Column<int>(type: "integer", nullable: false),
                    lastat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_wrongkeys", x => x.bucket);
                });

            migrationBuilder.CreateTable(
                name: "agreementlimits",
                columns: table => new
                {
                    agreementid = table.Column<long>(type: "bigint", nullable: false),
                    type = table.Column<int>(type: "integer", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    quantity = table.Column<int>(type: "integer", nullable: false),
                    drawn = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_agreementlimits", x => new { x.agreementid, x.type, x.version });
                    table.CheckConstraint("CK_AgreementLimits_Drawn", "Drawn >= 0 AND Drawn <= Quantity");
                    table.ForeignKey(
                        name: "FK_agreementlimits_agreements_agreementid",
                        column: x => x.agreementid,
                        principalTable: "agreements",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "agreementservers",
                columns: table => new
                {
                    agreementid = table.Column<long>(type: "bigint", nullable: false),
                    licenseserverid = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_agreementservers", x => new { x.agreementid, x.licenseserverid });
                    table.ForeignKey(
                        name: "FK_agreementservers_agreements_agreementid",
                        column: x => x.agreementid,
                        principalTable: "agreements",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "productkeys",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    lookuphash = table.Column<byte[]>(type: "bytea", nullable: false),
                    sealedtext = table.Column<byte[]>(type: "bytea", nullable: true),
                    type = table.Column<int>(type: "integer", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    quantity = table.Column<int>(type: "integer", nullable: false),
                    program = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    mintedat = table.Column<long>(type: "bigint", nullable: false),
                    agreementid = table.Column<long>(type: "bigint", nullable: true),
                    drawnonce = table.Column<byte[]>(type: "bytea", nullable: true),
                    boundto = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    packuntil = table.Column<long>(type: "bigint", nullable: true),
                    releasedat = table.Column<long>(type: "bigint", nullable: true),
                    givenbackat = table.Column<long>(type: "bigint", nullable: true),
                    redeemedat = table.Column<long>(type: "bigint", nullable: true),
                    redeemedby = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    packid = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_productkeys", x => x.id);
                    table.ForeignKey(
                        name: "FK_productkeys_agreements_agreementid",
                        column: x => x.agreementid,
                        principalTable: "agreements",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "tobesigned",
                columns: table => new
                {
                    digest = table.Column<byte[]>(type: "bytea", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    auditnumber = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tobesigned", x => new { x.digest, x.kind });
                    table.ForeignKey(
                        name: "FK_tobesigned_audit_auditnumber",
                        column: x => x.auditnumber,
                        principalTable: "audit",
                        principalColumn: "number",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "keypacks",
                columns: table => new
                {
                    packid = table.Column<Guid>(type: "uuid", nullable: false),
                    productkeyid = table.Column<long>(type: "bigint", nullable: false),
                    licenseserver = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: true),
                    issuer = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    transferredat = table.Column<long>(type: "bigint", nullable: true),
                    signedat = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_keypacks", x => x.packid);
                    table.ForeignKey(
                        name: "FK_keypacks_productkeys_productkeyid",
                        column: x => x.productkeyid,
                        principalTable: "productkeys",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_accounts_name",
                table: "accounts",
                column: "name",
                unique: true,
                filter: "RemovedAt IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_activations_licenseserverid",
                table: "activations",
                column: "licenseserverid");

            migrationBuilder.CreateIndex(
                name: "IX_activations_request",
                table: "activations",
                column: "request",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_agreements_program_numbers",
                table: "agreements",
                columns: new[] { "program", "numbers" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_contacts_licenseserverid",
                table: "contacts",
                column: "licenseserverid");

            migrationBuilder.CreateIndex(
                name: "IX_deactivations_licenseserverid",
                table: "deactivations",
                column: "licenseserverid");

            migrationBuilder.CreateIndex(
                name: "IX_deactivations_request",
                table: "deactivations",
                column: "request",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_graceextensions_machineid",
                table: "graceextensions",
                column: "machineid");

            migrationBuilder.CreateIndex(
                name: "IX_keypacks_productkeyid",
                table: "keypacks",
                column: "productkeyid",
                unique: true,
                filter: "TransferredAt IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_productkeys_agreementid",
                table: "productkeys",
                column: "agreementid");

            migrationBuilder.CreateIndex(
                name: "IX_productkeys_drawnonce",
                table: "productkeys",
                column: "drawnonce",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_productkeys_lookuphash",
                table: "productkeys",
                column: "lookuphash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_productkeys_redeemedat",
                table: "productkeys",
                column: "redeemedat");

            migrationBuilder.CreateIndex(
                name: "IX_revocations_subject",
                table: "revocations",
                column: "subject",
                unique: true,
                filter: "LiftedAt IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_sign_in_failures_lastat",
                table: "sign_in_failures",
                column: "lastat");

            migrationBuilder.CreateIndex(
                name: "IX_successions_new",
                table: "successions",
                column: "new",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_tobesigned_auditnumber",
                table: "tobesigned",
                column: "auditnumber");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_accountid",
                table: "tokens",
                column: "accountid");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_expiresat",
                table: "tokens",
                column: "expiresat");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_hash",
                table: "tokens",
                column: "hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_wrongkeys_lastat",
                table: "wrongkeys",
                column: "lastat");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "accounts");

            migrationBuilder.DropTable(
                name: "activations");

            migrationBuilder.DropTable(
                name: "agreementlimits");

            migrationBuilder.DropTable(
                name: "agreementservers");

            migrationBuilder.DropTable(
                name: "companies");

            migrationBuilder.DropTable(
                name: "contacts");

            migrationBuilder.DropTable(
                name: "deactivations");

            migrationBuilder.DropTable(
                name: "graceextensions");

            migrationBuilder.DropTable(
                name: "issuers");

            migrationBuilder.DropTable(
                name: "keypacks");

            migrationBuilder.DropTable(
                name: "revocationlists");

            migrationBuilder.DropTable(
                name: "revocations");

            migrationBuilder.DropTable(
                name: "sign_in_failures");

            migrationBuilder.DropTable(
                name: "successions");

            migrationBuilder.DropTable(
                name: "tobesigned");

            migrationBuilder.DropTable(
                name: "tokens");

            migrationBuilder.DropTable(
                name: "transfers");

            migrationBuilder.DropTable(
                name: "wrongkeys");

            migrationBuilder.DropTable(
                name: "productkeys");

            migrationBuilder.DropTable(
                name: "audit");

            migrationBuilder.DropTable(
                name: "agreements");
        }
    }
}
