using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>The whole path over real sockets: client, gateway, back end, license server.</summary>
public sealed class LicensingPathTests : IAsyncLifetime
{
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher);
        await _server.StartAsync();
        _xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _xrdp.DisposeAsync();
        await _server.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Theory]
    [InlineData(ClientForm.FreeRdp)]
    [InlineData(ClientForm.Rdesktop)]
    public async Task A_new_device_is_admitted_by_row_4_and_stores_a_temporary_CAL_that_leads_to_the_root(ClientForm form)
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);

        await using var client = await gateway.ConnectAsync(form: form);

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        Assert.Equal(LicensingClientEnd.NewLicense, client.Script.Licensing.End);
        Assert.True(DeviceCal.TryRead(client.StoredLicense, out var cal));
        Assert.True(cal.Data.Temporary);
        var hardwareId = new LicensingClientOptions { Form = form }.HardwareId.ToArray();
        Assert.Equal(DeviceCalVerdict.Valid, cal.Verify([_server.Fingerprint], _publisher.Root, hardwareId, DateTimeOffset.UtcNow));
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Rule: "4", Temporary: true, EndedAt: null, Device: "KIOSK-01" }]);
    }

    [Fact]
    public async Task What_licensing_waits_for_the_client_is_measured_apart_from_what_the_host_takes()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        using var measured = new Measurements(gateway.Services.GetRequiredService<IMeterFactory>());

        await using var client = await gateway.ConnectAsync(byteAtATime: true);
        await Gateway.UntilAsync(() => Task.FromResult(measured.Values.ContainsKey("licensing.time")));

        Assert.True(measured.Values["licensing.client.time"] > 0);
        Assert.True(measured.Values["licensing.client.time"] < measured.Values["licensing.time"]);
        Assert.True(measured.Values["back-end.open.time"] > 0);
    }

    [Fact]
    public async Task A_temporary_CAL_that_is_presented_again_is_shown_to_the_license_server_and_left_in_the_store()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        await using var first = await gateway.ConnectAsync();

        await using var second = await gateway.ConnectAsync(first.StoredLicense);

        Assert.Equal(RdpClientEnd.DemandActive, second.Script.End);
        Assert.Equal(LicensingClientEnd.ValidClient, second.Script.Licensing.End);
        Assert.Equal(2, _server.Asked.Count);
        Assert.Equal(first.StoredLicense, _server.Asked.Last().Presented);
    }

    [Fact]
    public async Task A_validated_device_gets_a_permanent_CAL_and_is_then_admitted_without_asking_even_with_the_license_server_stopped()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        await using var first = await gateway.ConnectAsync();
        Assert.True(DeviceCal.TryRead(first.StoredLicense, out var temporary));
        _server.Validated.Enqueue(new(Guid.NewGuid(), temporary.Serial, "alice"));

        await using var second = await gateway.ConnectAsync(first.StoredLicense);
        await using var third = await gateway.ConnectAsync(second.StoredLicense);
        var asked = _server.Asked.Count;
        await _server.StopAsync();
        await using var fourth = await gateway.ConnectAsync(second.StoredLicense);

        Assert.Equal(LicensingClientEnd.UpgradeLicense, second.Script.Licensing.End);
        Assert.True(DeviceCal.TryRead(second.StoredLicense, out var permanent));
        Assert.False(permanent.Data.Temporary);
        Assert.Equal(2, asked);
        Assert.Equal([LicensingMessageType.LicenseRequest, LicensingMessageType.ErrorAlert], third.Script.Licensing.Received);
        Assert.Equal(RdpClientEnd.DemandActive, fourth.Script.End);
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Select(session => session.Rule).Order().SequenceEqual(["3", "3", "4", "4"]));
    }

    [Fact]
    public async Task With_the_license_server_silent_a_held_temporary_CAL_and_a_receipt_admit_by_row_5_and_a_new_device_is_refused_by_row_8()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        await using var first = await gateway.ConnectAsync();
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 1);
        await _server.StopAsync();

        await using var held = await gateway.ConnectAsync(first.StoredLicense);
        await using var receipt = await gateway.ConnectAsync();
        await using var stranger = await gateway.ConnectAsync(machine: "NEW-02");

        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.ValidClient), (held.Script.End, held.Script.Licensing.End));
        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.ValidClient), (receipt.Script.End, receipt.Script.Licensing.End));
        Assert.Equal((RdpClientEnd.LicenseRefused, LicensingErrorCode.NoLicenseServer), (stranger.Script.End, stranger.Script.Licensing.Alert));
        Assert.Equal(ErrorInfoCode.NoLicenseServer, stranger.Script.ErrorInfo);
        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Reason: "no-license-server", Rule: "8", Device: "NEW-02" }]);
        Assert.Equal(2, (await gateway.SessionsAsync()).Count(session => session.Rule == "5"));
    }

    [Fact]
    public async Task A_license_server_that_is_back_serves_a_new_device_within_five_seconds()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        await _server.StopAsync();
        await using (var refused = await gateway.ConnectAsync())
            Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);

        await _server.StartAsync();

        await Gateway.UntilAsync(
            async () =>
            {
                await using var client = await gateway.ConnectAsync();
                return client.Script.End == RdpClientEnd.DemandActive;
            },
            seconds: 5);
    }

    [Fact]
    public async Task A_license_server_that_does_not_answer_costs_a_client_no_more_than_the_time_for_asking()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server], options => With(options, askTime: TimeSpan.FromMilliseconds(500)));
        _server.Slow = TimeSpan.FromSeconds(20);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(LicensingErrorCode.NoLicenseServer, client.Script.Licensing.Alert);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(450), TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData(RefusalReason.NoCalAvailable, "no-cal-available")]
    [InlineData(RefusalReason.TemporaryExpired, "temporary-expired")]
    [InlineData(RefusalReason.VersionTooOld, "version-too-old")]
    [InlineData(RefusalReason.Revoked, "revoked")]
    public async Task A_refusal_of_the_license_server_is_told_to_the_client_and_recorded_with_its_fix(RefusalReason reason, string code)
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        _server.Refuses = reason;

        await using var client = await gateway.ConnectAsync();
        await client.WaitForEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal((RdpClientEnd.LicenseRefused, LicensingErrorCode.InvalidClient), (client.Script.End, client.Script.Licensing.Alert));
        Assert.Equal(ErrorInfoCode.NoLicense, client.Script.ErrorInfo);
        Assert.True(client.EndedOrderly);
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count == 1);
        var refusal = (await gateway.RefusalsAsync())[0];
        Assert.Equal((code, "7", "KIOSK-01", "alice", "127.0.0.1"), (refusal.Reason, refusal.Rule, refusal.Device, refusal.UserName, refusal.Address));
        Assert.Equal("0 of 2 CALs are free", refusal.Detail);
        Assert.Contains("ostiary ", refusal.Fix, StringComparison.Ordinal);
        Assert.All(_xrdp.Connections, connection => Assert.False(connection.IsActive));
    }

    [Fact]
    public async Task A_client_that_cannot_show_Set_Error_Info_gets_the_alert_alone()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        _server.Refuses = RefusalReason.NoCalAvailable;

        await using var client = await gateway.ConnectAsync(errorInfo: false);

        Assert.Equal(LicensingErrorCode.InvalidClient, client.Script.Licensing.Alert);
        Assert.Null(client.Script.ErrorInfo);
    }

    [Fact]
    public async Task A_foreign_license_stays_in_the_store_byte_for_byte_while_the_device_becomes_licensed_at_server_and_host()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        var foreign = Encoding.ASCII.GetBytes("a license of somebody else, 42 bytes or so");

        await using var first = await gateway.ConnectAsync(foreign);
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 1);
        _server.Validated.Enqueue(new(Guid.NewGuid(), (await gateway.SessionsAsync())[0].Serial!, "alice"));
        await using var second = await gateway.ConnectAsync(foreign);
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 2);
        await _server.StopAsync();
        await using var third = await gateway.ConnectAsync(foreign);

        foreach (var client in new[] { first, second, third })
        {
            Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.ValidClient), (client.Script.End, client.Script.Licensing.End));
            Assert.Equal(foreign, client.StoredLicense);
        }

        Assert.All(_server.Asked, request => Assert.NotEqual(foreign, request.Presented));
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 3);
        var permanent = (await gateway.SessionsAsync()).Single(session => session.Rule == "3");
        Assert.False(permanent.Temporary);
    }

    [Fact]
    public async Task A_CAL_of_a_license_server_that_is_not_pinned_opens_nothing_and_is_not_replaced_though_its_chain_leads_to_the_same_root()
    {
        await using var other = new FakeLicenseServer(_publisher);
        await other.StartAsync();
        var unpinned = other.Issue(new LicensingClientOptions().HardwareId.ToArray(), temporary: false, TimeSpan.FromDays(60)).Stored!;
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);

        await using var served = await gateway.ConnectAsync(unpinned);
        _server.Refuses = RefusalReason.NoCalAvailable;
        await using var refused = await gateway.ConnectAsync(unpinned);

        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.ValidClient), (served.Script.End, served.Script.Licensing.End));
        Assert.Equal(unpinned, served.StoredLicense);
        Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        Assert.Empty(other.Asked);
    }

    [Theory]
    [InlineData(-1, "another device is not asked about")]
    [InlineData(5, "within its last seven days")]
    public async Task Our_own_CAL_that_is_over_or_ends_soon_is_upgraded(int daysLeft, string why)
    {
        Assert.NotEmpty(why);
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        var old = _server.Issue(new LicensingClientOptions().HardwareId.ToArray(), temporary: false, TimeSpan.FromDays(daysLeft)).Stored!;

        await using var client = await gateway.ConnectAsync(old);

        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.UpgradeLicense), (client.Script.End, client.Script.Licensing.End));
        Assert.Equal(old, Assert.Single(_server.Asked).Presented);
    }

    [Fact]
    public async Task A_copied_CAL_of_another_device_is_upgraded_to_the_presenters_own()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        var copied = _server.Issue(new LicensingClientOptions { MachineName = "OTHER" }.HardwareId.ToArray(), temporary: false, TimeSpan.FromDays(60)).Stored!;

        await using var client = await gateway.ConnectAsync(copied);

        Assert.Equal(LicensingClientEnd.UpgradeLicense, client.Script.Licensing.End);
        Assert.Single(_server.Asked);
    }

    [Fact]
    public async Task A_forged_CAL_that_names_the_pinned_server_proves_nothing()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        using var forger = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var forged = _server.Issue(new LicensingClientOptions().HardwareId.ToArray(), temporary: false, TimeSpan.FromDays(60), signer: forger).Stored!;
        _server.Refuses = RefusalReason.NoCalAvailable;

        await using var client = await gateway.ConnectAsync(forged);

        Assert.Equal(RdpClientEnd.LicenseRefused, client.Script.End);
        Assert.Null(Assert.Single(_server.Asked).Presented);
    }

    [Fact]
    public async Task A_license_server_whose_ledger_head_is_signed_by_another_key_is_not_believed()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        _server.SignsWrongly = true;

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(LicensingErrorCode.NoLicenseServer, client.Script.Licensing.Alert);
    }

    [Fact]
    public async Task The_second_license_server_serves_while_the_first_is_away_and_the_issuer_of_a_presented_CAL_is_asked_first()
    {
        await using var second = new FakeLicenseServer(_publisher);
        await second.StartAsync();
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server, second]);
        await _server.StopAsync();
        await using var first = await gateway.ConnectAsync();
        await _server.StartAsync();
        await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(CancellationToken.None)).LicenseServers.All(link => link.SilentSince is null));

        await using var again = await gateway.ConnectAsync(first.StoredLicense);

        Assert.Equal(LicensingClientEnd.NewLicense, first.Script.Licensing.End);
        Assert.Equal(LicensingClientEnd.ValidClient, again.Script.Licensing.End);
        Assert.Empty(_server.Asked);
        Assert.Equal(2, second.Asked.Count);
    }

    [Fact]
    public async Task Without_a_license_server_a_device_is_refused_and_the_fix_says_how_to_join_one()
    {
        await using var gateway = await Gateway.StartAsync(_xrdp);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(LicensingErrorCode.NoLicenseServer, client.Script.Licensing.Alert);
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count == 1);
        Assert.Contains("ostiary hosts join", (await gateway.RefusalsAsync())[0].Fix, StringComparison.Ordinal);
    }

    internal static Ostiary.SessionHost.SessionHostOptions With(
        Ostiary.SessionHost.SessionHostOptions options, TimeSpan? askTime = null, TimeSpan? handshakeTime = null, TimeSpan? sequenceTime = null, TimeSpan? licensingTime = null,
        TimeSpan? drainTime = null, int? maxPerAddress = null, int? maxWaitingPerAddress = null, int? maxWaiting = null, string? kernelHelper = null, bool observe = false) => new()
        {
            StateDirectory = options.StateDirectory,
            BackEnd = options.BackEnd,
            BackEndFingerprint = options.BackEndFingerprint,
            Listen = options.Listen,
            Name = options.Name,
            AskTime = askTime ?? options.AskTime,
            HandshakeTime = handshakeTime ?? options.HandshakeTime,
            SequenceTime = sequenceTime ?? options.SequenceTime,
            LicensingTime = licensingTime ?? options.LicensingTime,
            DrainTime = drainTime ?? options.DrainTime,
            MaxPerAddress = maxPerAddress ?? options.MaxPerAddress,
            MaxWaitingPerAddress = maxWaitingPerAddress ?? options.MaxWaitingPerAddress,
            MaxWaiting = maxWaiting ?? options.MaxWaiting,
            Observe = observe,
            KernelHelper = kernelHelper ?? options.KernelHelper,
        };
}
