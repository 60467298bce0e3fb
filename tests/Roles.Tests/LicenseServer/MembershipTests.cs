using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Invitations, joining and renewing, and what administrators see of it.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class MembershipTests
{
    [Fact]
    public async Task A_host_joins_with_an_invitation_and_its_certificate_says_what_was_invited()
    {
        await using var server = await RunningLicenseServer.StartAsync();

        var host = await server.JoinAsync(2019);
        await host.ConnectAsync(new TestDevice("CLIENT"));
        var listed = Assert.Single((await server.Administration.HostsAsync(null, 10, TestPublisher.Cancellation)).Items);

        Assert.True(SessionHostCertificate.TryRead(host.Certificate, out var data));
        Assert.Equal(new SessionHostData(host.Membership.HostId, new(2019), LicensingMode.PerDevice), data);
        Assert.Equal(TestLedger.Begin.AddDays(30), listed.CertificateUntil);
        Assert.Equal((host.Membership.HostId, "host", TestLedger.Begin), (listed.HostId, listed.Name, listed.LastSeenAt));
        Assert.Equal(2, CertificateChain.FromPem(host.Membership.Certificate).Count);
    }

    [Fact]
    public async Task A_lost_answer_to_joining_costs_nothing()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var token = await InviteAsync(server);
        var host = new TestHost(server);

        var first = await host.JoinAsync(token);
        var again = await host.JoinAsync(token);

        Assert.Equal(first.HostId, again.HostId);
        Assert.Single((await server.Administration.HostsAsync(null, 10, TestPublisher.Cancellation)).Items);
    }

    [Fact]
    public async Task An_invitation_is_good_for_one_key_and_one_machine()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var token = await InviteAsync(server);
        var host = new TestHost(server);
        await host.JoinAsync(token);

        var otherKey = await Assert.ThrowsAsync<ProblemException>(() => new TestHost(server).JoinAsync(token));
        var otherMachine = await Assert.ThrowsAsync<ProblemException>(() => host.JoinAsync(token, new string('f', 32)));
        var unknown = await Assert.ThrowsAsync<ProblemException>(() => host.JoinAsync(new string('0', 32)));

        Assert.All([otherKey, otherMachine, unknown], problem => Assert.Equal(LicensingProblem.InvitationInvalid, problem.Problem));
    }

    [Fact]
    public async Task An_invitation_ends_after_its_hours()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var token = await InviteAsync(server);

        server.Time.Advance(TimeSpan.FromHours(2) + TimeSpan.FromSeconds(1));
        var problem = await Assert.ThrowsAsync<ProblemException>(() => new TestHost(server).JoinAsync(token));

        Assert.Equal(LicensingProblem.InvitationInvalid, problem.Problem);
    }

    [Theory]
    [InlineData(2022, 0, "hours")]
    [InlineData(2022, 721, "hours")]
    [InlineData(2031, 24, "version")]
    public async Task An_invitation_out_of_its_limits_is_not_made(int version, int hours, string field)
    {
        await using var server = await RunningLicenseServer.StartAsync();

        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.InviteAsync(new(new(version), LicensingMode.PerDevice, hours), TestPublisher.Cancellation));

        Assert.Equal((LicensingProblem.InvalidField, field), (problem.Problem, problem.Field));
    }

    [Fact]
    public async Task An_invitation_without_a_version_is_for_the_newest()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var invited = await server.Administration.InviteAsync(new(null, LicensingMode.PerDevice, 24), TestPublisher.Cancellation);
        Assert.True(Invitation.TryParse(invited.Invitation, out var invitation));

        var membership = await new TestHost(server).JoinAsync(invitation.Token);

        Assert.Equal(Ostiary.Contracts.Catalogue.CalVersion.Newest, membership.Version);
        Assert.Equal(server.Address, invitation.LicenseServer);
        Assert.Equal(server.Ledger.Identity.Key.Fingerprint, invitation.Fingerprint);
    }

    [Fact]
    public async Task A_renewed_certificate_is_good_for_thirty_days_more()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();

        server.Time.Advance(TimeSpan.FromDays(20));
        host.Use(await host.Client.RenewAsync(TestPublisher.Cancellation));
        server.Time.Advance(TimeSpan.FromDays(29));
        host.Reconnect();

        Assert.NotNull((await host.ConnectAsync(new TestDevice("CLIENT"))).Granted);
        Assert.True((await server.Administration.VerifyAuditAsync(TestPublisher.Cancellation)).Sound);
    }

    [Fact]
    public async Task A_key_of_another_curve_does_not_join()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=host", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var client = new Ostiary.Contracts.Http.LicenseServerClient(server.At(certificate));

        var problem = await Assert.ThrowsAsync<ProblemException>(() => client.JoinAsync(new(new string('0', 32), new string('0', 32), "host"), TestPublisher.Cancellation));

        Assert.Equal(LicensingProblem.NotAuthenticated, problem.Problem);
    }

    [Fact]
    public async Task Administrators_page_through_CALs_and_read_one()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        await server.ActivateAsync();
        clearinghouse.Quantity = 2;
        var pack = await server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), TestPublisher.Cancellation);
        var host = await server.JoinAsync();
        for (var index = 0; index < 3; index++)
        {
            var device = new TestDevice($"CLIENT{index}");
            await host.ConnectAsync(device);
            await host.LogOnAsync(device);
            await host.ConnectAsync(device);
        }

        await host.ConnectAsync(new TestDevice("PROBE1"));
        await host.ConnectAsync(new TestDevice("PROBE2"));

        List<CalRecord> all = [];
        string? after = null;
        do
        {
            var page = await server.Administration.CalsAsync(after, 2, TestPublisher.Cancellation);
            all.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);
        var active = all.First(cal => cal.Status == CalStatus.Active);
        var one = await server.Administration.CalAsync(active.Serial, TestPublisher.Cancellation);
        var pem = await server.AdministrationHttp.GetByteArrayAsync($"v1/cals/{active.Serial}/certificate", TestPublisher.Cancellation);
        var counts = Assert.Single((await server.Administration.StatusAsync(TestPublisher.Cancellation)).Counts);

        Assert.Equal(all.Count, all.Select(cal => cal.Serial).Distinct().Count());
        Assert.Equal((2, 2, 1, 2), (Count(CalStatus.Active), Count(CalStatus.Upgraded), Count(CalStatus.Temporary), Count(CalStatus.Unvalidated)));
        Assert.Equal((2, 2, 0, 1), (counts.Installed, counts.Issued, counts.Available, counts.Temporary));
        Assert.Equal(active, one);
        Assert.Equal(("alice", "host", pack.PackId), (one.Account, one.Host, one.PackId));
        Assert.True(DeviceCal.TryRead(pem, out var cal));
        Assert.Equal(active.Serial, cal.Serial);
        var none = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.CalAsync(new string('0', 32), TestPublisher.Cancellation));
        Assert.Equal(LicensingProblem.NotFound, none.Problem);

        int Count(CalStatus status) => all.Count(cal => cal.Status == status);
    }

    [Fact]
    public void All_options_that_are_not_right_are_said_at_once()
    {
        var options = new LicenseServerOptions
        {
            StateDirectory = "here",
            Listen = "nonsense",
            PublicAddress = new("http://example.org"),
            RootFile = "/nonexistent",
            MaxBatch = 0,
        };

        var error = Assert.Throws<LicenseServerOptionsException>(() => LicenseServerRole.Build(options, TimeProvider.System, _ => { }));

        Assert.Equal(["StateDirectory", "Listen", "PublicAddress", "RootFile", "MaxBatch"], error.Errors.Select(line => line.Split(' ')[0]));
    }

    private static async Task<string> InviteAsync(RunningLicenseServer server)
    {
        var invited = await server.Administration.InviteAsync(new(new(2022), LicensingMode.PerDevice, 2), TestPublisher.Cancellation);
        Assert.True(Invitation.TryParse(invited.Invitation, out var invitation));
        return invitation.Token;
    }
}
