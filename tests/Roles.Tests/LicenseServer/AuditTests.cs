using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Somebody edits the ledger's file. The verification names the row.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class AuditTests
{
    // Rows are named by their place, first to last, in the order of their ledger entries.
    [Theory]
    [InlineData("audit", "UPDATE audit SET kind = 'x' WHERE number = 4", "audit:4")]
    [InlineData("audit", "UPDATE audit SET at = at + 1 WHERE number = 4", "audit:4")]
    [InlineData("audit", "UPDATE audit SET commitment = zeroblob(32) WHERE number = 4", "audit:4")]
    [InlineData("audit", "UPDATE audit SET hash = zeroblob(32) WHERE number = 4", "audit:4")]
    [InlineData("audit", "DELETE FROM audit WHERE number = 1", "audit:1")]
    [InlineData("audit", "DELETE FROM audit WHERE number = 4", "audit:4")]
    [InlineData("audit", "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)", "audit:last")]
    [InlineData("audit", "UPDATE audit SET number = CASE number WHEN 3 THEN -4 ELSE -3 END WHERE number IN (3, 4); UPDATE audit SET number = -number WHERE number < 0", "audit:3", "audit:4")]
    [InlineData("audit_details", "UPDATE audit_details SET content = x'7b7d' WHERE number = 4", "audit_details:4")]
    [InlineData("audit_details", "DELETE FROM audit_details WHERE number = 4", "audit_details:4")]
    [InlineData("licenses", "UPDATE licenses SET not_after = not_after + 86400 WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET client_name = 'OTHER' WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET account = 'mallory' WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET to_be_signed = x'00' WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET device_id = x'0011' WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET status = 1 WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET ledger_number = 1 WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "UPDATE licenses SET signature = x'3006020101020101' WHERE id = 2", "licenses:2")]
    [InlineData("licenses", "DELETE FROM licenses WHERE id = 1", "licenses:1")]
    [InlineData("licenses", "DELETE FROM licenses WHERE id = (SELECT max(id) FROM licenses)", "licenses:last")]
    [InlineData("licenses", "UPDATE licenses SET serial = CASE id WHEN 1 THEN zeroblob(16) ELSE x'01' END WHERE id IN (1, 2)", "licenses:1", "licenses:2")]
    [InlineData("licenses", "CREATE TEMP TABLE held AS SELECT id, serial FROM licenses WHERE id IN (1, 2); UPDATE licenses SET serial = randomblob(16) WHERE id IN (1, 2); UPDATE licenses SET serial = (SELECT serial FROM held WHERE held.id = 3 - licenses.id) WHERE id IN (1, 2)", "licenses:1", "licenses:2")]
    [InlineData("packs", "UPDATE packs SET quantity = 500 WHERE ledger_number = 2", "packs:1")]
    [InlineData("packs", "UPDATE packs SET statement = x'00' WHERE ledger_number = 2", "packs:1")]
    [InlineData("packs", "UPDATE packs SET issued = issued - 1 WHERE ledger_number = 2", "packs:1")]
    [InlineData("packs", "DELETE FROM packs WHERE ledger_number = 2", "packs:1")]
    [InlineData("packs", "DELETE FROM packs WHERE ledger_number = (SELECT max(ledger_number) FROM packs)", "packs:last")]
    [InlineData("packs", "CREATE TEMP TABLE held AS SELECT ledger_number, pack_id FROM packs; UPDATE packs SET pack_id = randomblob(16); UPDATE packs SET pack_id = (SELECT pack_id FROM held WHERE held.ledger_number <> packs.ledger_number)", "packs:1", "packs:last")]
    [InlineData("hosts", "UPDATE hosts SET name = 'OTHER' WHERE ledger_number = 1", "hosts:1")]
    [InlineData("hosts", "UPDATE hosts SET removed_at = 1 WHERE ledger_number = 1", "hosts:1")]
    [InlineData("hosts", "UPDATE hosts SET public_key = x'00' WHERE ledger_number = 1", "hosts:1")]
    [InlineData("hosts", "DELETE FROM hosts WHERE ledger_number = 1", "hosts:1")]
    [InlineData("hosts", "DELETE FROM hosts WHERE ledger_number = (SELECT max(ledger_number) FROM hosts)", "hosts:last")]
    [InlineData("hosts", "CREATE TEMP TABLE held AS SELECT ledger_number, host_id FROM hosts; UPDATE hosts SET host_id = randomblob(16); UPDATE hosts SET host_id = (SELECT host_id FROM held WHERE held.ledger_number <> hosts.ledger_number)", "hosts:1", "hosts:last")]
    [InlineData("ledger_head", "UPDATE ledger_head SET hash = zeroblob(32)", "ledger_head:1")]
    [InlineData("ledger_head", "UPDATE ledger_head SET number = 3", "ledger_head:1")]
    [InlineData("ledger_head", "DELETE FROM ledger_head", "ledger_head:1")]
    public async Task What_was_edited_is_named(string table, string sql, params string[] rows)
    {
        await using var ledger = new TestLedger();
        await FillAsync(ledger);
        Assert.True((await ledger.VerifyAsync()).Sound);
        var names = Names(ledger, table);

        ledger.Tamper(sql);
        var verification = await ledger.VerifyAsync();

        Assert.False(verification.Sound);
        var named = verification.Faults.Where(fault => fault.Table == table).Select(fault => fault.Row).ToHashSet();
        foreach (var row in rows.Select(row => row.Split(':')[1]))
            Assert.Contains(table is "audit" or "audit_details" or "ledger_head" && row != "last" ? row : row == "last" ? names[^1] : names[int.Parse(row) - 1], named);
        // One changed entry makes no others look changed.
        if (table == "audit" && rows.Length == 1)
            Assert.Single(named);
    }

    [Fact]
    public async Task A_row_that_no_entry_tells_of_is_named()
    {
        await using var ledger = new TestLedger();
        await FillAsync(ledger);

        ledger.Tamper("INSERT INTO hosts (host_id, name, machine_id, public_key, version, mode, joined_at, certificate_to_be_signed, certificate_until, last_seen_at, allowed, quota_per_hour, separate_accounts, hour_began, taken_in_hour, removed_at, ledger_number) SELECT randomblob(16), name, machine_id, public_key, version, mode, joined_at, certificate_to_be_signed, certificate_until, last_seen_at, allowed, quota_per_hour, separate_accounts, hour_began, taken_in_hour, removed_at, ledger_number FROM hosts LIMIT 1");

        var fault = Assert.Single((await ledger.VerifyAsync()).Faults);
        Assert.Equal(("hosts", "no entry of the audit tells of the row"), (fault.Table, fault.Fault));
    }

    [Fact]
    public async Task Unvalidated_temporary_CALs_are_no_part_of_the_audit()
    {
        await using var ledger = new TestLedger();
        await FillAsync(ledger);

        ledger.Tamper("DELETE FROM temporaries");

        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task Erasing_details_leaves_the_chain_and_the_head_as_they_were()
    {
        await using var ledger = new TestLedger();
        await FillAsync(ledger);
        var before = await ledger.VerifyAsync();

        ledger.Tamper("DELETE FROM audit_details");
        var after = await ledger.VerifyAsync();

        Assert.Equal((before.Entries, before.HeadHash), (after.Entries, after.HeadHash));
        Assert.DoesNotContain(after.Faults, fault => fault.Table is "audit" or "ledger_head");
    }

    private static async Task FillAsync(TestLedger ledger)
    {
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(3);
        await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        foreach (var name in new[] { "ONE", "TWO" })
            await ledger.SettleAsync(host, new TestDevice(name));
        // Their signatures are stored with a later batch.
        await ledger.ConnectAsync(host, new TestDevice("PROBE"));
    }

    private static string[] Names(TestLedger ledger, string table)
    {
        using var db = ledger.Ledger.Database.OpenReader();
        return table switch
        {
            "licenses" => [.. db.Licenses.OrderBy(row => row.Id).AsEnumerable().Select(row => row.Serial.ToString())],
            "packs" => [.. db.Packs.OrderBy(row => row.LedgerNumber).AsEnumerable().Select(row => row.PackId.ToString())],
            "hosts" => [.. db.Hosts.OrderBy(row => row.LedgerNumber).AsEnumerable().Select(row => row.HostId.ToString())],
            _ => [.. db.Audit.OrderBy(row => row.Number).AsEnumerable().Select(row => $"{row.Number}")],
        };
    }
}
