using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Joining, staying joined, and options.</summary>
public sealed class MembershipTests : IAsyncLifetime
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

    [Fact]
    public async Task The_status_shows_the_license_server_and_it_is_still_there_after_a_restart()
    {
        var state = Path.Combine(_state, "kept");
        await using (var gateway = await Gateway.JoinedAsync(_xrdp, [_server], state: state))
        {
            var link = Assert.Single((await gateway.Administration.StatusAsync(CancellationToken.None)).LicenseServers);
            Assert.Equal(_server.Fingerprint.Hex, link.KeyFingerprint);
        }

        await using var again = await Gateway.StartAsync(_xrdp, state: state);

        var status = await again.Administration.StatusAsync(CancellationToken.None);
        Assert.Equal(_server.Fingerprint.Hex, Assert.Single(status.LicenseServers).KeyFingerprint);
        Assert.Equal((CalVersion.Newest, LicensingMode.PerDevice, "host-1"), (status.Version, status.Mode, status.Name));
    }

    [Fact]
    public async Task An_invitation_that_pins_another_key_joins_nothing()
    {
        await using var other = new FakeLicenseServer(_publisher);
        await using var gateway = await Gateway.StartAsync(_xrdp);
        Assert.True(Invitation.TryParse(_server.Invitation, out var invitation));

        var problem = await Assert.ThrowsAsync<ProblemException>(
            () => gateway.Administration.JoinAsync(new((invitation with { Fingerprint = other.Fingerprint }).Format()), CancellationToken.None));

        Assert.Equal(LicensingProblem.Unreachable, problem.Problem);
        Assert.Empty((await gateway.Administration.StatusAsync(CancellationToken.None)).LicenseServers);
    }

    [Theory]
    [InlineData("nonsense", LicensingProblem.InvalidField)]
    [InlineData("", LicensingProblem.InvalidField)]
    public async Task What_is_no_invitation_is_said_to_be_none(string text, LicensingProblem expected)
    {
        await using var gateway = await Gateway.StartAsync(_xrdp);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => gateway.Administration.JoinAsync(new(text), CancellationToken.None));

        Assert.Equal((expected, "invitation"), (problem.Problem, problem.Field));
    }

    [Fact]
    public async Task A_host_has_one_mode_at_all_its_license_servers()
    {
        await using var other = new FakeLicenseServer(_publisher) { Mode = LicensingMode.PerUser };
        await other.StartAsync();
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => gateway.Administration.JoinAsync(new(other.Invitation), CancellationToken.None));

        Assert.Contains("per-device", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_per_user_host_joins_and_asks_nobody_for_a_Device_CAL()
    {
        _server.Mode = LicensingMode.PerUser;
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(Protocol.Tests.Clients.RdpClientEnd.DemandActive, client.Script.End);
        Assert.Empty(_server.Asked);
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Rule: "U", Serial: null }]);
        Assert.Equal(LicensingMode.PerUser, (await gateway.Administration.StatusAsync(CancellationToken.None)).Mode);
    }

    [Fact]
    public async Task A_host_certificate_is_renewed_when_a_third_of_its_life_is_left()
    {
        _server.HostCertificateLife = TimeSpan.FromSeconds(20);
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        _server.HostCertificateLife = TimeSpan.FromDays(30);

        await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(CancellationToken.None)).LicenseServers[0].CertificateUntil > DateTimeOffset.UtcNow.AddDays(20), seconds: 25);

        Assert.Equal(1, _server.Renewals);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        await using var gateway = await Gateway.StartAsync(_xrdp);
        for (var i = 0; i < 5; i++)
            await using (await gateway.ConnectAsync(machine: $"PC-{i}"))
                continue;
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count == 5);

        var first = await gateway.Administration.RefusalsAsync(null, 2, CancellationToken.None);
        var second = await gateway.Administration.RefusalsAsync(first.Next, 3, CancellationToken.None);

        Assert.Equal(2, first.Items.Count);
        Assert.Equal((3, null), (second.Items.Count, second.Next));
        Assert.Equal(5, first.Items.Concat(second.Items).Select(refusal => refusal.Id).Distinct().Count());
    }

    [Fact]
    public void All_errors_of_the_options_are_said_at_once()
    {
        var errors = new SessionHostOptions
        {
            StateDirectory = "relative",
            BackEnd = "tls:host:99999",
            Listen = "here",
            MaxConnections = 0,
            AskTime = TimeSpan.Zero,
            CertificateFile = "/only/one",
            KernelHelper = "relative",
        }.Check();

        foreach (var field in new[] { "StateDirectory", "BackEnd", "Listen", "MaxConnections", "AskTime", "CertificateFile", "KernelHelper" })
            Assert.Contains(errors, error => error.StartsWith(field, StringComparison.Ordinal));
        Assert.Throws<InvalidOptionsException>(() => SessionHostRole.Build(new() { StateDirectory = "relative", BackEnd = "" }, TimeProvider.System, _ => { }));
    }

    [Theory]
    [InlineData("unix:/run/x.sock", null, true)]
    [InlineData("unix:x.sock", null, false)]
    [InlineData("tls:host:3389", null, false)]
    [InlineData("tcp:host:3389", null, false)]
    public void A_back_end_is_a_unix_socket_or_pinned_TLS(string backEnd, string? fingerprint, bool good)
        => Assert.Equal(good, new SessionHostOptions { StateDirectory = "/x", BackEnd = backEnd, BackEndFingerprint = fingerprint }.Check().Count == 0);
}
