using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>Several nodes of one license server on one database are one pool.</summary>
[SupportedOSPlatform("linux")]
[Trait(TestDatabases.Trait, TestDatabases.Postgres)]
public sealed class NodesTests : IAsyncLifetime
{
    private RunningLicenseServer _first = null!;
    private RunningLicenseServer _second = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _first = await RunningLicenseServer.StartAsync();
        _second = await RunningLicenseServer.StartNodeAsync(_first);
    }

    public async ValueTask DisposeAsync()
    {
        await _second.DisposeAsync();
        await _first.DisposeAsync();
    }

    [Fact]
    public async Task The_last_seats_are_given_once_whichever_node_is_asked()
    {
        const int Seats = 10;
        await InstallAsync(Seats);
        var atFirst = await _first.JoinAsync();
        var atSecond = await _second.JoinAsync();
        var devices = Enumerable.Range(0, 40).Select(at => new TestDevice($"PC-{at:00}")).ToList();

        var answers = await Task.WhenAll(devices.Select((device, at) => (at % 2 == 0 ? atFirst : atSecond).SettleAsync(device)));

        Assert.Equal(Seats, answers.Count(answer => answer.Granted is { Temporary: false }));
        Assert.Equal(Seats, Scalar("SELECT issued FROM packs"));
        Assert.Equal(Seats, Scalar("SELECT count(*) FROM licenses WHERE kind = 1 AND status = 0"));
        foreach (var node in new[] { _first, _second })
        {
            var audit = await node.Administration.VerifyAuditAsync(Cancellation);
            Assert.True(audit.Sound, string.Join('\n', audit.Faults));
            Assert.Equal(0, (await node.Administration.StatusAsync(Cancellation)).Counts.Single(cal => cal.Type == CalType.Device).Available);
        }
    }

    [Fact]
    public async Task The_last_seats_for_persons_are_given_once_whichever_node_is_asked()
    {
        const int Seats = 5;
        await TestPacks.InstallAsync(_first.Ledger, _first.Time.GetUtcNow(), Seats, 2022, CalType.User);
        var atFirst = await _first.JoinAsync(mode: LicensingMode.PerUser);
        var atSecond = await _second.JoinAsync(mode: LicensingMode.PerUser);

        // Everybody at both at once: one person is one CAL.
        await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(at => new[] { atFirst, atSecond }.Select(host
            => host.Client.RequestUserCalAsync(new(Guid.NewGuid(), new($"user{at}", "EXAMPLE", $"S-1-5-21-{at}"), AskingPass.Any), Cancellation))));

        Assert.Equal(Scalar("SELECT count(*) FROM user_cals WHERE state = 0 AND pack_id IS NOT NULL"), Scalar("SELECT issued FROM packs"));
        Assert.InRange(Scalar("SELECT issued FROM packs"), 0, Seats);
        Assert.Equal(Scalar("SELECT count(*) FROM user_cals WHERE state = 0"), Scalar("SELECT count(DISTINCT person_key) FROM user_cals WHERE state = 0"));
        Assert.True((await _second.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_request_that_is_repeated_at_the_other_node_gets_the_same_answer()
    {
        await InstallAsync(1);
        var host = await _first.JoinAsync();
        var device = new TestDevice("PC-1");
        await host.SettleAsync(device);
        var request = new TestDevice("PC-2").Request();
        var answer = await host.Client.RequestDeviceCalAsync(request, Cancellation);

        host.TurnTo(_second);
        var repeated = await host.Client.RequestDeviceCalAsync(request, Cancellation);

        Assert.Equal(answer.Granted!.Serial, repeated.Granted!.Serial);
        Assert.Equal(ToBeSigned(answer), ToBeSigned(repeated));
        Assert.Equal(answer.Head.Number, repeated.Head.Number);
        // The CAL of one node is the other's, too.
        Assert.Equal(device.Serial, (await host.ConnectAsync(device)).Granted!.Serial);
        Assert.Equal(1, Scalar("SELECT issued FROM packs"));
    }

    [Fact]
    public async Task A_revocation_at_one_node_reaches_who_waits_at_the_other()
    {
        await InstallAsync(5);
        var host = await _second.JoinAsync();
        var device = new TestDevice("PC-1");
        await host.SettleAsync(device);
        var known = await host.RevocationsAsync();
        var waiting = host.RevocationsAsync(known.Number, wait: 60);

        await _first.Administration.RevokeAsync(device.Serial, new("stolen"), Cancellation);

        // Without the other node's word it would end with its waiting, on a clock that stands still here.
        var list = await waiting.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.True(list.Number > known.Number);
        Assert.Contains(device.Serial, list.Revoked);
        Assert.Equal(RefusalReason.Revoked, (await host.ConnectAsync(device)).Refused);
    }

    [Fact]
    public async Task A_node_that_hangs_over_a_batch_is_left_behind_and_its_batch_is_carried_out_once()
    {
        await InstallAsync(2);
        var host = await _second.JoinAsync();
        using var holds = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        var carriedOut = 0;
        var hanging = _first.Ledger.WorkAsync(
            batch =>
            {
                batch.Break(new() { At = batch.Now, Until = batch.Now.AddHours(1), Reason = "hangs" });
                if (Interlocked.Increment(ref carriedOut) > 1)
                    return true;
                holds.Set();
                goesOn.Wait(Cancellation);
                return true;
            },
            Cancellation);
        holds.Wait(Cancellation);
        var device = new TestDevice("PC-1");
        var asking = host.ConnectAsync(device);

        // What the server does after 10 s by itself to a node that hangs, and at once where its machine has died.
        Assert.Equal(1, Scalar("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"));
        Assert.NotNull((await asking).Granted);
        Assert.Equal(0, Scalar("SELECT count(*) FROM break_glass"));
        goesOn.Set();
        Assert.True((await hanging).Result);

        Assert.Equal(2, carriedOut);
        Assert.Equal(1, Scalar("SELECT count(*) FROM break_glass"));
        Assert.True(await host.LogOnAsync(device));
        Assert.True((await _first.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task When_one_node_has_gone_the_other_goes_on_and_it_comes_back_into_the_same_pool()
    {
        await InstallAsync(2);
        var host = await _first.JoinAsync();
        var device = new TestDevice("PC-1");
        await host.SettleAsync(device);
        await _first.StopAsync();

        host.TurnTo(_second);
        Assert.Equal(device.Serial, (await host.ConnectAsync(device)).Granted!.Serial);
        var other = new TestDevice("PC-2");
        Assert.False((await host.SettleAsync(other)).Granted!.Temporary);
        await _first.RestartAsync();
        host.TurnTo(_first);

        Assert.Equal(other.Serial, (await host.ConnectAsync(other)).Granted!.Serial);
        Assert.True((await host.SettleAsync(new TestDevice("PC-3"))).Granted!.Temporary);
        Assert.Equal(2, Scalar("SELECT issued FROM packs"));
    }

    [Fact]
    public async Task An_activation_at_one_node_is_the_other_nodes_at_once()
    {
        await using var publisher = await TestPublisher.StartAsync();
        await using var first = await RunningLicenseServer.StartAsync(publisher);
        await using var second = await RunningLicenseServer.StartNodeAsync(first);
        var host = await second.JoinAsync();

        await first.ActivateAsync();
        var answer = await host.ConnectAsync(new TestDevice("PC-1"));

        Assert.EndsWith(Encoding.ASCII.GetString(first.Ledger.Identity.Current.ChainText), Encoding.ASCII.GetString(answer.Granted!.Stored!), StringComparison.Ordinal);
        Assert.Equal(2, first.Ledger.Identity.Current.Chain.Count);
        Assert.True((await second.Administration.StatusAsync(Cancellation)).Activated);
        Assert.Equal(first.Ledger.Identity.Current.Certificate.RawData, second.Ledger.Identity.Current.Certificate.RawData);
    }

    [Fact]
    public async Task A_node_whose_clock_is_behind_does_not_turn_the_ledgers_time_back()
    {
        _first.Time.Advance(TimeSpan.FromHours(3));
        var before = (await _first.Ledger.WorkAsync(Enter, Cancellation)).Result;

        var after = (await _second.Ledger.WorkAsync(Enter, Cancellation)).Result;

        Assert.Equal(before, after);
        _second.Time.Advance(TimeSpan.FromHours(4));
        Assert.Equal(before.AddHours(1), (await _second.Ledger.WorkAsync(Enter, Cancellation)).Result);

        static DateTimeOffset Enter(LedgerBatch batch)
        {
            batch.Break(new() { At = batch.Now, Until = batch.Now, Reason = "" });
            return batch.Now;
        }
    }

    [Fact]
    public async Task A_node_without_the_key_does_not_start_and_makes_none()
    {
        var folder = Directory.CreateTempSubdirectory("ostiary-node-").FullName;

        var missing = Assert.Throws<IOException>(() => Open(folder));

        Assert.Contains("copy the key", missing.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "license-server.key")));
        using (var other = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "license-server.key"), other.ExportPkcs8PrivateKeyPem(), Cancellation);
            File.SetUnixFileMode(Path.Combine(folder, "license-server.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.Contains("is not the key of this ledger", Assert.Throws<IOException>(() => Open(folder)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Nodes_that_start_at_once_on_an_empty_database_make_one_ledger()
    {
        var database = TestDatabases.NewEmpty();
        var folders = Enumerable.Range(0, 4).Select(_ => Directory.CreateTempSubdirectory("ostiary-node-").FullName).ToList();
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            foreach (var file in folders.Select(folder => Path.Combine(folder, "license-server.key")))
            {
                await File.WriteAllTextAsync(file, key.ExportPkcs8PrivateKeyPem(), Cancellation);
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

        var ledgers = await Task.WhenAll(folders.Select(folder => Task.Run(() => Open(folder, database))));

        Assert.Single(ledgers.Select(ledger => Convert.ToHexString(ledger.Identity.Current.Certificate.RawData)).Distinct());
        await using (var db = ledgers[0].Database.OpenReader())
            Assert.Equal(1, await db.Head.CountAsync(Cancellation));
        foreach (var ledger in ledgers)
            await ledger.DisposeAsync();
        folders.ForEach(folder => Directory.Delete(folder, recursive: true));
        TestDatabases.Drop(database);
    }

    private Ledger Open(string folder, string? database = null) => Ledger.Open(
        new() { StateDirectory = folder, Database = database ?? _first.Database }, _first.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<LedgerWriter>.Instance);

    private Task<Guid> InstallAsync(int quantity) => TestPacks.InstallAsync(_first.Ledger, _first.Time.GetUtcNow(), quantity, 2022, CalType.Device);

    private long Scalar(string sql) => TestDatabases.Query(_first.Database, "", sql, command => Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture));

    private static string ToBeSigned(DeviceCalAnswer answer)
    {
        using var leaf = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(answer.Granted!.Stored!));
        return Convert.ToHexString(CertificateFields.Split(leaf.RawData).ToBeSigned.Span);
    }
}
