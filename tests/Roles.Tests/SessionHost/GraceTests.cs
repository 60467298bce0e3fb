using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>The grace period through the front door: it begins once, counts down, and no day comes back.</summary>
public sealed class GraceTests : IAsyncLifetime
{
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private readonly MovableTime _time = new();
    private FakeLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    private string GatewayState => Path.Combine(_state, "gw");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher) { Refuses = Ostiary.Contracts.Licensing.RefusalReason.NoCalAvailable, Clock = () => _time.GetUtcNow() };
        await _server.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_state, "machine-id"), "00112233445566778899aabbccddeeff\n", Cancellation);
        _xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _xrdp.DisposeAsync();
        await _server.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task The_first_connection_without_a_CAL_begins_it_and_it_admits_what_the_license_server_refuses()
    {
        await using var gateway = await JoinedAsync();
        Assert.Equal("not-started", (await gateway.Administration.GraceAsync(Cancellation)).State);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.ValidClient), (client.Script.End, client.Script.Licensing.End));
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Rule: "6", GraceDaysLeft: 120, Serial: null }]);
        Assert.Equal(("running", 120), ((await gateway.Administration.GraceAsync(Cancellation)).State, (await gateway.Administration.GraceAsync(Cancellation)).DaysLeft));
    }

    [Fact]
    public async Task After_120_days_people_without_CALs_are_refused_and_in_the_last_30_a_finding_says_so()
    {
        await using var gateway = await JoinedAsync();
        await using (await gateway.ConnectAsync())
            Advance(TimeSpan.FromDays(100));

        await using var admitted = await gateway.ConnectAsync();
        var findings = (await gateway.Administration.StatusAsync(Cancellation)).Findings!;
        Advance(TimeSpan.FromDays(21));
        await using var refused = await gateway.ConnectAsync();

        Assert.Equal(RdpClientEnd.DemandActive, admitted.Script.End);
        Assert.Contains(findings, finding => finding.Code == "grace-ends-soon");
        Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        Assert.False((await gateway.Administration.GraceAsync(Cancellation)).EndedEarly);
    }

    [Fact]
    public async Task A_permanent_CAL_that_is_granted_ends_it_for_good()
    {
        _server.Refuses = null;
        await using var gateway = await JoinedAsync();
        await using var first = await gateway.ConnectAsync();
        _server.Validated.Enqueue(new(Guid.NewGuid(), _server.Asked.IsEmpty ? "" : Serial(first), "alice"));
        await using var second = await gateway.ConnectAsync(first.StoredLicense);
        Assert.Equal(LicensingClientEnd.UpgradeLicense, second.Script.Licensing.End);

        _server.Refuses = Ostiary.Contracts.Licensing.RefusalReason.NoCalAvailable;
        await using var other = await gateway.ConnectAsync(machine: "NEW-02");

        Assert.Equal(RdpClientEnd.LicenseRefused, other.Script.End);
        Assert.True((await gateway.Administration.GraceAsync(Cancellation)).EndedEarly);
    }

    [Theory]
    [InlineData("record")]
    [InlineData("state")]
    [InlineData("yesterday")]
    [InlineData("torn")]
    [InlineData("one generation torn")]
    public async Task No_day_comes_back(string attempt)
    {
        await using (var gateway = await JoinedAsync())
        {
            await using (await gateway.ConnectAsync())
                Advance(TimeSpan.FromDays(1));
            await Gateway.UntilAsync(() => Task.FromResult(_server.Grace is not null));
            if (attempt == "yesterday")
                Copy(GatewayState, Path.Combine(_state, "copy"));
            Advance(TimeSpan.FromDays(49));
            await Gateway.UntilAsync(async () => (await gateway.Administration.GraceAsync(Cancellation)).DaysLeft == 70);
        }

        Break(attempt);
        await using var again = attempt == "state" ? await JoinedAsync() : await Gateway.StartAsync(_xrdp, time: _time, state: GatewayState, grace: true);

        await Gateway.UntilAsync(async () => (await again.Administration.GraceAsync(Cancellation)) is { State: "running", DaysLeft: 70, Lost: false });
    }

    [Fact]
    public async Task A_lost_record_counts_as_ended_while_no_license_server_gives_its_copy()
    {
        await using (var gateway = await JoinedAsync())
        await using (await gateway.ConnectAsync())
            await Gateway.UntilAsync(() => Task.FromResult(_server.Grace is not null));
        await _server.StopAsync();
        Break("record");

        await using var again = await Gateway.StartAsync(_xrdp, time: _time, state: GatewayState, grace: true);
        await using var client = await again.ConnectAsync();

        Assert.Equal(RdpClientEnd.LicenseRefused, client.Script.End);
        Assert.Contains((await again.Administration.StatusAsync(Cancellation)).Findings!, finding => finding.Code == "grace-record-lost");
    }

    [Fact]
    public async Task Setting_the_clock_back_brings_no_day_back()
    {
        await using (var gateway = await JoinedAsync())
        {
            await using (await gateway.ConnectAsync())
                Advance(TimeSpan.FromDays(50));
            await using var confirmed = await gateway.ConnectAsync();
            await Gateway.UntilAsync(async () => (await gateway.Administration.GraceAsync(Cancellation)).DaysLeft == 70);
        }

        await _server.StopAsync();
        _time.Move(TimeSpan.FromDays(-45));
        await using var again = await Gateway.StartAsync(_xrdp, time: _time, state: GatewayState, grace: true);

        Assert.Equal(70, (await again.Administration.GraceAsync(Cancellation)).DaysLeft);
        Assert.False((await again.Administration.ClockAsync(Cancellation)).Confirmed);
    }

    [Fact]
    public async Task A_clock_that_leaps_ends_nothing_until_somebody_confirms_it()
    {
        await using var gateway = await JoinedAsync();
        await using (await gateway.ConnectAsync())
            await _server.StopAsync();
        Advance(TimeSpan.FromDays(200));

        Assert.Equal(("running", 120), ((await gateway.Administration.GraceAsync(Cancellation)).State, (await gateway.Administration.GraceAsync(Cancellation)).DaysLeft));
        Assert.False((await gateway.Administration.ClockAsync(Cancellation)).Confirmed);

        Assert.True((await gateway.Administration.ConfirmClockAsync(Cancellation)).Confirmed);
        Assert.Equal("ended", (await gateway.Administration.GraceAsync(Cancellation)).State);
    }

    [Fact]
    public async Task A_leap_past_the_end_of_the_hosts_certificate_is_confirmed_by_the_license_server()
    {
        await using var gateway = await JoinedAsync();
        await using (await gateway.ConnectAsync())
            Advance(TimeSpan.FromDays(200));

        await using var refused = await gateway.ConnectAsync();

        Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        Assert.True((await gateway.Administration.ClockAsync(Cancellation)).Confirmed);
        Assert.True(_server.Renewals > 0);
    }

    [Fact]
    public async Task An_extension_of_10_days_works_once_and_on_this_machine_only()
    {
        await using var gateway = await JoinedAsync();
        await using (await gateway.ConnectAsync())
            Advance(TimeSpan.FromDays(125));
        await using (var refused = await gateway.ConnectAsync())
            Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        var machine = (await gateway.Administration.GraceAsync(Cancellation)).MachineId;
        var file = Extension(machine);

        // A day that has begun since the end counts whole, so ten days are ten and a part of one more.
        var status = await gateway.Administration.InstallExtensionAsync(new(file), Cancellation);
        Assert.Equal("running", status.State);
        Assert.InRange(status.DaysLeft ?? 0, 10, 11);
        await using (var admitted = await gateway.ConnectAsync())
            Assert.Equal(RdpClientEnd.DemandActive, admitted.Script.End);
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemOfAsync(gateway, file));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemOfAsync(gateway, Extension(new string('0', 32))));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemOfAsync(gateway, ""));
        using var stranger = new FakePublisher();
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemOfAsync(gateway, Extension(machine, stranger)));

        Advance(TimeSpan.FromDays(12));
        await using var over = await gateway.ConnectAsync();
        Assert.Equal(RdpClientEnd.LicenseRefused, over.Script.End);
    }

    private Task<Gateway> JoinedAsync() => Gateway.JoinedAsync(_xrdp, [_server], state: GatewayState, time: _time, grace: true);

    private void Advance(TimeSpan by) => _time.Move(by);

    private string Extension(string machine, FakePublisher? publisher = null)
        => GraceExtensionFile.Format(
            Statement.Sign(new GraceExtensionStatement(Guid.NewGuid(), machine, 10, _time.GetUtcNow()).Encode(), (publisher ?? _publisher).IssuingKey), (publisher ?? _publisher).Issuing);

    private static async Task<LicensingProblem> ProblemOfAsync(Gateway gateway, string file)
        => (await Assert.ThrowsAsync<ProblemException>(() => gateway.Administration.InstallExtensionAsync(new(file), Cancellation))).Problem;

    private static string Serial(RdpClient client) => Ostiary.Contracts.Certificates.DeviceCal.TryRead(client.StoredLicense, out var cal) ? cal.Serial : "";

    private void Break(string attempt)
    {
        var records = Directory.GetFiles(GatewayState, "grace.?");
        switch (attempt)
        {
            case "record":
                Array.ForEach(records, File.Delete);
                break;
            case "state":
                Directory.Delete(GatewayState, recursive: true);
                break;
            case "yesterday":
                Copy(Path.Combine(_state, "copy"), GatewayState);
                break;
            case "torn":
                Array.ForEach(records, record => File.WriteAllBytes(record, File.ReadAllBytes(record)[..20]));
                break;
            default:
                File.WriteAllBytes(records[0], []);
                break;
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, "grace.*").Append(Path.Combine(from, "clock")).Where(File.Exists))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    /// <summary>The machine's clock can be set forward and back; what waits, waits by the real one.</summary>
    private sealed class MovableTime : TimeProvider
    {
        private long _moved;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _moved));

        public void Move(TimeSpan by) => Interlocked.Add(ref _moved, by.Ticks);
    }
}
