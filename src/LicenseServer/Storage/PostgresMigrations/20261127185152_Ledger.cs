using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Ostiary.LicenseServer.Storage.PostgresMigrations
{
    /// <inheritdoc />
    public partial class Ledger : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "accounts",
                columns: table => new
                {
                    account_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    role = table.Column<int>(type: "integer", nullable: false),
                    password_hash = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    removed_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_accounts", x => x.account_id);
                });

            migrationBuilder.CreateTable(
                name: "audit",
                columns: table => new
                {
                    number = table.Column<long>(type: "bigint", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    table = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    row = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    commitment = table.Column<byte[]>(type: "bytea", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit", x => x.number);
                });

            migrationBuilder.CreateTable(
                name: "audit_details",
                columns: table => new
                {
                    number = table.Column<long>(type: "bigint", nullable: false),
                    salt = table.Column<byte[]>(type: "bytea", nullable: false),
                    by = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    content = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_details", x => x.number);
                });

            migrationBuilder.CreateTable(
                name: "break_glass",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    until = table.Column<long>(type: "bigint", nullable: false),
                    reason = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_break_glass", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "clock_confirmations",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    machine = table.Column<long>(type: "bigint", nullable: false),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_clock_confirmations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "device_flags",
                columns: table => new
                {
                    device_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    flags = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_device_flags", x => x.device_id);
                });

            migrationBuilder.CreateTable(
                name: "draws",
                columns: table => new
                {
                    wanted_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    kind = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    nonce = table.Column<byte[]>(type: "bytea", nullable: false),
                    requested_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_draws", x => x.wanted_hash);
                });

            migrationBuilder.CreateTable(
                name: "grace_copies",
                columns: table => new
                {
                    machine_id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    record = table.Column<byte[]>(type: "bytea", nullable: false),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_grace_copies", x => x.machine_id);
                });

            migrationBuilder.CreateTable(
                name: "hosts",
                columns: table => new
                {
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    machine_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    public_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    mode = table.Column<int>(type: "integer", nullable: false),
                    joined_at = table.Column<long>(type: "bigint", nullable: false),
                    certificate_to_be_signed = table.Column<byte[]>(type: "bytea", nullable: false),
                    certificate_until = table.Column<long>(type: "bigint", nullable: false),
                    last_seen_at = table.Column<long>(type: "bigint", nullable: true),
                    allowed = table.Column<bool>(type: "boolean", nullable: false),
                    quota_per_hour = table.Column<int>(type: "integer", nullable: false),
                    separate_accounts = table.Column<bool>(type: "boolean", nullable: false),
                    hour_began = table.Column<long>(type: "bigint", nullable: true),
                    taken_in_hour = table.Column<int>(type: "integer", nullable: false),
                    receipts_at = table.Column<long>(type: "bigint", nullable: true),
                    removed_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_hosts", x => x.host_id);
                });

            migrationBuilder.CreateTable(
                name: "identity",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false),
                    self_made_certificate = table.Column<byte[]>(type: "bytea", nullable: false),
                    activation_nonce = table.Column<long>(type: "bigint", nullable: true),
                    accepted_kind = table.Column<int>(type: "integer", nullable: true),
                    pending_nonce = table.Column<long>(type: "bigint", nullable: true),
                    pending_kind = table.Column<int>(type: "integer", nullable: true),
                    pending_after = table.Column<long>(type: "bigint", nullable: true),
                    deactivated_at = table.Column<long>(type: "bigint", nullable: true),
                    confirmation = table.Column<byte[]>(type: "bytea", nullable: true),
                    certificate = table.Column<byte[]>(type: "bytea", nullable: true),
                    issuing_certificate = table.Column<byte[]>(type: "bytea", nullable: true),
                    root = table.Column<byte[]>(type: "bytea", nullable: true),
                    activated_at = table.Column<long>(type: "bigint", nullable: true),
                    trust = table.Column<byte[]>(type: "bytea", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_identity", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "invitations",
                columns: table => new
                {
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    mode = table.Column<int>(type: "integer", nullable: false),
                    expires_at = table.Column<long>(type: "bigint", nullable: false),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_invitations", x => x.token_hash);
                });

            migrationBuilder.CreateTable(
                name: "ledger_head",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    list_number = table.Column<long>(type: "bigint", nullable: false),
                    seen_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ledger_head", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "licenses",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    kind = table.Column<int>(type: "integer", nullable: false),
                    status = table.Column<int>(type: "integer", nullable: false),
                    account = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true, collation: "C"),
                    pack_id = table.Column<byte[]>(type: "bytea", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false),
                    revoked_at = table.Column<long>(type: "bigint", nullable: true),
                    revocation_reason = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true, collation: "C"),
                    outside_limit = table.Column<bool>(type: "boolean", nullable: false),
                    merged = table.Column<bool>(type: "boolean", nullable: false),
                    ask_first = table.Column<bool>(type: "boolean", nullable: false),
                    serial = table.Column<byte[]>(type: "bytea", nullable: false),
                    device_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    device_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    hardware_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    client_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    not_before = table.Column<long>(type: "bigint", nullable: false),
                    not_after = table.Column<long>(type: "bigint", nullable: false),
                    to_be_signed = table.Column<byte[]>(type: "bytea", nullable: false),
                    signature = table.Column<byte[]>(type: "bytea", nullable: true),
                    touches = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_licenses", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "packs",
                columns: table => new
                {
                    pack_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    type = table.Column<int>(type: "integer", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    quantity = table.Column<int>(type: "integer", nullable: false),
                    issued = table.Column<int>(type: "integer", nullable: false),
                    program = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    issued_at = table.Column<long>(type: "bigint", nullable: false),
                    expires_at = table.Column<long>(type: "bigint", nullable: true),
                    installed_at = table.Column<long>(type: "bigint", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: false),
                    issuing_certificate = table.Column<byte[]>(type: "bytea", nullable: false),
                    product_key_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    split_from = table.Column<byte[]>(type: "bytea", nullable: true),
                    removed_at = table.Column<long>(type: "bigint", nullable: true),
                    revoked_at = table.Column<long>(type: "bigint", nullable: true),
                    revocation_reason = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    transfer_id = table.Column<byte[]>(type: "bytea", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_packs", x => x.pack_id);
                });

            migrationBuilder.CreateTable(
                name: "policy",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false),
                    user_over_use = table.Column<int>(type: "integer", nullable: false),
                    prevent_license_upgrade = table.Column<bool>(type: "boolean", nullable: false),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_policy", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "receptions",
                columns: table => new
                {
                    transfer_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    source_certificates = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    statement = table.Column<byte[]>(type: "bytea", nullable: false),
                    cals = table.Column<int>(type: "integer", nullable: false),
                    left = table.Column<int>(type: "integer", nullable: false),
                    key_packs = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_receptions", x => x.transfer_id);
                });

            migrationBuilder.CreateTable(
                name: "recoveries",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    began_at = table.Column<long>(type: "bigint", nullable: false),
                    seen_number = table.Column<long>(type: "bigint", nullable: false),
                    ended_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_recoveries", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "redemptions",
                columns: table => new
                {
                    product_key_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    nonce = table.Column<byte[]>(type: "bytea", nullable: false),
                    requested_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_redemptions", x => x.product_key_hash);
                });

            migrationBuilder.CreateTable(
                name: "requests",
                columns: table => new
                {
                    request_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    body_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    answer = table.Column<int>(type: "integer", nullable: false),
                    serial = table.Column<byte[]>(type: "bytea", nullable: true),
                    reason = table.Column<int>(type: "integer", nullable: true),
                    detail = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    touches = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_requests", x => x.request_id);
                });

            migrationBuilder.CreateTable(
                name: "sessions",
                columns: table => new
                {
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    session_id = table.Column<long>(type: "bigint", nullable: false),
                    serial = table.Column<byte[]>(type: "bytea", nullable: false),
                    address = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    started_at = table.Column<long>(type: "bigint", nullable: false),
                    reported_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sessions", x => new { x.host_id, x.session_id });
                });

            migrationBuilder.CreateTable(
                name: "sign_in_failures",
                columns: table => new
                {
                    name_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    count = table.Column<int>(type: "integer", nullable: false),
                    last_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sign_in_failures", x => x.name_hash);
                });

            migrationBuilder.CreateTable(
                name: "successions",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    old = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    @new = table.Column<string>(name: "new", type: "text", nullable: false, collation: "C"),
                    cause = table.Column<int>(type: "integer", nullable: false),
                    reason = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true, collation: "C"),
                    prepared_at = table.Column<long>(type: "bigint", nullable: false),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    nonce = table.Column<long>(type: "bigint", nullable: false),
                    statement = table.Column<byte[]>(type: "bytea", nullable: true),
                    issuing_certificate = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    old_certificates = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    switched_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_successions", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "temporaries",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    serial = table.Column<byte[]>(type: "bytea", nullable: false),
                    device_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    device_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    hardware_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    client_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    not_before = table.Column<long>(type: "bigint", nullable: false),
                    not_after = table.Column<long>(type: "bigint", nullable: false),
                    to_be_signed = table.Column<byte[]>(type: "bytea", nullable: false),
                    signature = table.Column<byte[]>(type: "bytea", nullable: true),
                    touches = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_temporaries", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "tokens",
                columns: table => new
                {
                    token_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    kind = table.Column<int>(type: "integer", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    account_id = table.Column<byte[]>(type: "bytea", nullable: true),
                    role = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    expires_at = table.Column<long>(type: "bigint", nullable: false),
                    last_used_at = table.Column<long>(type: "bigint", nullable: true),
                    revoked_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tokens", x => x.token_id);
                });

            migrationBuilder.CreateTable(
                name: "transfers",
                columns: table => new
                {
                    transfer_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    target = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    rows = table.Column<byte[]>(type: "bytea", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    undone_at = table.Column<long>(type: "bigint", nullable: true),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_transfers", x => x.transfer_id);
                });

            migrationBuilder.CreateTable(
                name: "user_cals",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    serial = table.Column<byte[]>(type: "bytea", nullable: false),
                    person_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    realm = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    stable_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    account_host_id = table.Column<byte[]>(type: "bytea", nullable: true),
                    host_id = table.Column<byte[]>(type: "bytea", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    pack_id = table.Column<byte[]>(type: "bytea", nullable: true),
                    assigned_at = table.Column<long>(type: "bigint", nullable: false),
                    last_logon_at = table.Column<long>(type: "bigint", nullable: false),
                    expires_at = table.Column<long>(type: "bigint", nullable: false),
                    state = table.Column<int>(type: "integer", nullable: false),
                    released_at = table.Column<long>(type: "bigint", nullable: true),
                    release_reason = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true, collation: "C"),
                    ledger_number = table.Column<long>(type: "bigint", nullable: false),
                    touches = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_user_cals", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_accounts_name",
                table: "accounts",
                column: "name",
                unique: true,
                filter: "removed_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_break_glass_at",
                table: "break_glass",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_ask_first",
                table: "licenses",
                column: "ask_first",
                filter: "ask_first");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_device_id",
                table: "licenses",
                column: "device_id");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_device_key",
                table: "licenses",
                column: "device_key");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_hardware_id",
                table: "licenses",
                column: "hardware_id");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_host_id_not_before",
                table: "licenses",
                columns: new[] { "host_id", "not_before" });

            migrationBuilder.CreateIndex(
                name: "IX_licenses_kind_status_not_after",
                table: "licenses",
                columns: new[] { "kind", "status", "not_after" },
                filter: "kind = 0 AND status = 0");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_pack_id",
                table: "licenses",
                column: "pack_id",
                filter: "pack_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_licenses_serial",
                table: "licenses",
                column: "serial",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_licenses_status_not_after",
                table: "licenses",
                columns: new[] { "status", "not_after" });

            migrationBuilder.CreateIndex(
                name: "IX_packs_product_key_hash",
                table: "packs",
                column: "product_key_hash");

            migrationBuilder.CreateIndex(
                name: "IX_requests_host_id_at",
                table: "requests",
                columns: new[] { "host_id", "at" });

            migrationBuilder.CreateIndex(
                name: "IX_sessions_reported_at",
                table: "sessions",
                column: "reported_at");

            migrationBuilder.CreateIndex(
                name: "IX_sessions_serial",
                table: "sessions",
                column: "serial");

            migrationBuilder.CreateIndex(
                name: "IX_sign_in_failures_last_at",
                table: "sign_in_failures",
                column: "last_at");

            migrationBuilder.CreateIndex(
                name: "IX_successions_old",
                table: "successions",
                column: "old",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_temporaries_device_id",
                table: "temporaries",
                column: "device_id");

            migrationBuilder.CreateIndex(
                name: "IX_temporaries_device_key",
                table: "temporaries",
                column: "device_key");

            migrationBuilder.CreateIndex(
                name: "IX_temporaries_host_id_id",
                table: "temporaries",
                columns: new[] { "host_id", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_temporaries_serial",
                table: "temporaries",
                column: "serial",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_tokens_account_id",
                table: "tokens",
                column: "account_id");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_expires_at",
                table: "tokens",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_hash",
                table: "tokens",
                column: "hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_user_cals_pack_id_state_expires_at",
                table: "user_cals",
                columns: new[] { "pack_id", "state", "expires_at" },
                filter: "pack_id IS NULL AND state = 0");

            migrationBuilder.CreateIndex(
                name: "IX_user_cals_person_key",
                table: "user_cals",
                column: "person_key",
                unique: true,
                filter: "state = 0");

            migrationBuilder.CreateIndex(
                name: "IX_user_cals_serial",
                table: "user_cals",
                column: "serial",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_user_cals_state_expires_at",
                table: "user_cals",
                columns: new[] { "state", "expires_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "accounts");

            migrationBuilder.DropTable(
                name: "audit");

            migrationBuilder.DropTable(
                name: "audit_details");

            migrationBuilder.DropTable(
                name: "break_glass");

            migrationBuilder.DropTable(
                name: "clock_confirmations");

            migrationBuilder.DropTable(
                name: "device_flags");

            migrationBuilder.DropTable(
                name: "draws");

            migrationBuilder.DropTable(
                name: "grace_copies");

            migrationBuilder.DropTable(
                name: "hosts");

            migrationBuilder.DropTable(
                name: "identity");

            migrationBuilder.DropTable(
                name: "invitations");

            migrationBuilder.DropTable(
                name: "ledger_head");

            migrationBuilder.DropTable(
                name: "licenses");

            migrationBuilder.DropTable(
                name: "packs");

            migrationBuilder.DropTable(
                name: "policy");

            migrationBuilder.DropTable(
                name: "receptions");

            migrationBuilder.DropTable(
                name: "recoveries");

            migrationBuilder.DropTable(
                name: "redemptions");

            migrationBuilder.DropTable(
                name: "requests");

            migrationBuilder.DropTable(
                name: "sessions");

            migrationBuilder.DropTable(
                name: "sign_in_failures");

            migrationBuilder.DropTable(
                name: "successions");

            migrationBuilder.DropTable(
                name: "temporaries");

            migrationBuilder.DropTable(
                name: "tokens");

            migrationBuilder.DropTable(
                name: "transfers");

            migrationBuilder.DropTable(
                name: "user_cals");
        }
    }
}
