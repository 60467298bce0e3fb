using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>The database goes away, or its answer does: what was committed is there once, and whoever waits gets its answer.</summary>
[Trait(TestDatabases.Trait, TestDatabases.Postgres)]
public sealed class FailoverTests
{
    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Theory]
    [InlineData(Cut.BeforeTheServer)]
    [InlineData(Cut.BeforeTheClient)]
    public async Task A_connection_lost_over_COMMIT_gives_a_seat_once_and_its_answer(Cut where)
    {
        var database = TestDatabases.NewLedger()!;
        await using (var proxy = new CutProxy(database))
        await using (var ledger = new TestLedger(database: proxy.Database))
        {
            var host = await ledger.JoinAsync();
            await ledger.InstallPackAsync(2);
            var device = new TestDevice("PC-1");
            await ledger.ConnectAsync(host, device);
            Assert.True(await ledger.LogOnAsync(host, device));
            var number = ledger.Scalar("SELECT number FROM ledger_head");

            proxy.CutNext(where);
            var answer = await ledger.ConnectAsync(host, device);

            Assert.Equal(1, proxy.Cuts);
            Assert.False(answer.Granted!.Temporary);
            Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
            Assert.Equal(1, ledger.Scalar("SELECT count(*) FROM licenses WHERE kind = 1 AND status = 0"));
            Assert.Equal(ledger.Scalar("SELECT number FROM ledger_head"), answer.Head.Number);
            Assert.True(ledger.Scalar("SELECT number FROM ledger_head") > number);
            Assert.True((await ledger.VerifyAsync()).Sound);
        }

        TestDatabases.Drop(database);
    }

    [Theory]
    [InlineData(Cut.BeforeTheServer)]
    [InlineData(Cut.BeforeTheClient)]
    public async Task What_an_administrator_does_without_a_request_id_is_done_once_too(Cut where)
    {
        var database = TestDatabases.NewLedger()!;
        await using (var proxy = new CutProxy(database))
        await using (var ledger = new TestLedger(database: proxy.Database))
        {
            await ledger.JoinAsync();
            var carriedOut = 0;

            proxy.CutNext(where);
            var (glass, position) = await ledger.Ledger.WorkAsync(
                batch =>
                {
                    carriedOut++;
                    var broken = new BreakGlass { At = batch.Now, Until = batch.Now.AddHours(24), Reason = "night shift" };
                    batch.Break(broken);
                    return broken;
                },
                Cancellation);

            Assert.Equal(1, proxy.Cuts);
            Assert.Equal(where == Cut.BeforeTheServer ? 2 : 1, carriedOut);
            Assert.Equal(1, ledger.Scalar("SELECT count(*) FROM break_glass"));
            Assert.Equal(glass.LedgerNumber, position.Number);
            Assert.True((await ledger.VerifyAsync()).Sound);
        }

        TestDatabases.Drop(database);
    }

    [Fact]
    public async Task A_server_that_crashes_and_comes_back_has_all_that_was_answered_and_nobody_sees_more_than_a_pause()
    {
        using var cluster = new PostgresCluster(durable: true);
        var database = cluster.NewEmpty();
        await using var ledger = new TestLedger(database: database);
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(4);
        var devices = Enumerable.Range(0, 4).Select(at => new TestDevice($"PC-{at}")).ToList();
        foreach (var device in devices[..2])
            await ledger.SettleAsync(host, device);

        cluster.Crash();
        foreach (var device in devices[2..])
            Assert.False((await ledger.SettleAsync(host, device)).Granted!.Temporary);

        foreach (var device in devices)
            Assert.Equal(1, ledger.Scalar($"SELECT count(*) FROM licenses WHERE client_name = '{device.Name}' AND kind = 1 AND status = 0"));
        Assert.Equal(4, ledger.Scalar("SELECT issued FROM packs"));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task A_product_key_is_redeemed_once_when_the_connection_is_lost_over_COMMIT()
    {
        foreach (var where in Enum.GetValues<Cut>())
        {
            await using var publisher = await TestPublisher.StartAsync();
            using var server = await publisher.NewLicenseServerAsync();
            var key = await publisher.MintAsync();
            await using var proxy = new CutProxy(publisher.Database!);
            await publisher.StopClearinghouseAsync();
            await publisher.StartClearinghouseAsync(publisher.Options(database: proxy.Database));

            proxy.CutNext(where);
            var pack = await server.RedeemAsync(publisher, key);
            proxy.CutNext(where);
            var minted = await publisher.Administration.MintAsync(new(Contracts.Catalogue.CalType.Device, new(2022), 5, 3, "retail"), Cancellation);

            Assert.Equal(2, proxy.Cuts);
            Assert.Equal(pack.KeyPack, (await server.RedeemAsync(publisher, key)).KeyPack);
            Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
            Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'redemption'"));
            Assert.Equal(4L, publisher.Query<long>("SELECT COUNT(*) FROM ProductKeys"));
            Assert.Equal(3, minted.Keys.Count);
            Assert.True((await publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
            await publisher.StopClearinghouseAsync();
        }
    }
}
