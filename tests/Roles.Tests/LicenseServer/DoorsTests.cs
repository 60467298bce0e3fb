using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Who gets in where.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class DoorsTests
{
    [Fact]
    public async Task Every_endpoint_declares_its_door()
    {
        await using var server = await RunningLicenseServer.StartAsync();

        var endpoints = server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .ToDictionary(endpoint => endpoint.DisplayName!.Split(' ')[1] + " " + endpoint.RoutePattern.RawText, endpoint => endpoint.Metadata);

        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Value.GetMetadata<DoorMetadata>()));
        Assert.Equal(
            ["/v1/device-cals", "/v1/diagnosis", "/v1/grace", "/v1/hosts/join", "/v1/hosts/policy", "/v1/hosts/renew", "/v1/recovery", "/v1/reports", "/v1/revocations", "/v1/sessions", "/v1/successions", "/v1/time", "/v1/trust", "/v1/user-cals", "/v1/validations"],
            endpoints.Where(endpoint => endpoint.Value.GetMetadata<DoorMetadata>()!.Door == Door.Hosts).Select(endpoint => endpoint.Key.Split(' ')[1]).Order());
        Assert.All(endpoints.Values, declared => Assert.Equal(declared.GetMetadata<DoorMetadata>()!.Door == Door.Hosts, declared.GetMetadata<CredentialMetadata>() is not null));
    }

    [Fact]
    public async Task What_is_served_at_one_door_is_not_there_at_the_other()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();

        foreach (var endpoint in server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>())
        {
            var method = new HttpMethod(endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]);
            var path = endpoint.RoutePattern.RawText!.Replace("{serial}", new string('0', 32), StringComparison.Ordinal)
                .Replace("{id}", Guid.Empty.ToString(), StringComparison.Ordinal).Replace("{device}", Guid.Empty.ToString(), StringComparison.Ordinal)
                .Replace("{name}", "alice", StringComparison.Ordinal);
            var wrong = endpoint.Metadata.GetMetadata<DoorMetadata>()!.Door == Door.Hosts ? server.AdministrationHttp : host.Http;

            var problem = await ProblemAsync(wrong, method, path, "{}");

            Assert.Equal((LicensingProblem.NotFound, $"{method} {path} is not served here"), (problem.Code, problem.Detail));
        }
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task The_socket_of_administration_opens_for_its_owner_only()
    {
        await using var server = await RunningLicenseServer.StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.AdministrationSocket));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(server.Directory, "state", "license-server.key")));
        if (server.Database is null)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(server.Directory, "state", "ledger.db")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(server.Directory, "state")));
    }

    [Fact]
    public async Task Without_a_certificate_nothing_is_answered()
    {
        await using var server = await RunningLicenseServer.StartAsync();

        foreach (var path in new[] { "v1/device-cals", "v1/validations", "v1/hosts/renew", "v1/hosts/join" })
            Assert.Equal(LicensingProblem.NotAuthenticated, (await ProblemAsync(server.At(null), HttpMethod.Post, path, "{}")).Code);
    }

    [Fact]
    public async Task A_self_made_certificate_opens_joining_only()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var http = server.At(new TestHost(server).SelfMade());

        foreach (var path in new[] { "v1/device-cals", "v1/validations", "v1/hosts/renew" })
            Assert.Equal(LicensingProblem.HostNotJoined, (await ProblemAsync(http, HttpMethod.Post, path, "{}")).Code);
        Assert.Equal(LicensingProblem.InvalidField, (await ProblemAsync(http, HttpMethod.Post, "v1/hosts/join", "{}")).Code);
    }

    [Fact]
    public async Task Another_license_servers_host_is_a_stranger()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        await using var other = await RunningLicenseServer.StartAsync();
        var stranger = await other.JoinAsync();

        var problem = await ProblemAsync(server.At(stranger.Certificate), HttpMethod.Post, "v1/device-cals", "{}");

        Assert.Equal(LicensingProblem.HostNotJoined, problem.Code);
    }

    [Fact]
    public async Task A_certificate_of_ours_for_another_use_is_no_membership()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        using var key = TestAuthority.NewKey();
        var fields = CertificateProfiles.LicenseServerTls(
            server.Ledger.Identity.Current.Certificate, TestAuthority.Spki(key), CalSerial.Draw(TestLedger.Begin).ToBytes(), TestLedger.Begin, TestLedger.Begin.AddDays(30)).ToBeSigned();
        using var leaf = X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(fields, server.Ledger.Identity.Key.SignCertificate(fields)));

        var problem = await ProblemAsync(server.At(leaf.CopyWithPrivateKey(key)), HttpMethod.Post, "v1/device-cals", "{}");

        Assert.Equal(LicensingProblem.HostNotJoined, problem.Code);
    }

    [Fact]
    public async Task A_host_whose_certificate_is_over_gets_no_CALs()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        await host.ConnectAsync(new TestDevice("CLIENT"));

        server.Time.Advance(TimeSpan.FromDays(30) + TimeSpan.FromSeconds(1));
        // On the connection that was good, too.
        var problem = await Assert.ThrowsAsync<ProblemException>(() => host.ConnectAsync(new TestDevice("CLIENT")));

        Assert.Equal(LicensingProblem.HostNotJoined, problem.Problem);
    }

    [Fact]
    public async Task A_removed_host_is_refused_on_the_connection_that_it_has()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        await host.ConnectAsync(new TestDevice("CLIENT"));

        await server.Ledger.WorkAsync(
            batch =>
            {
                var row = batch.Db.Hosts.Single(joined => joined.HostId == host.Membership.HostId);
                row.Remove(batch.Now);
                return row;
            },
            TestPublisher.Cancellation);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => host.ConnectAsync(new TestDevice("CLIENT")));

        Assert.Equal(LicensingProblem.HostNotJoined, problem.Problem);
        Assert.Equal(0, (await server.Administration.StatusAsync(TestPublisher.Cancellation)).Hosts);
    }

    [Theory]
    [InlineData("{}", "requestId")]
    [InlineData("""{"requestId":"2b1f7a3e-5c0e-4b59-9a6d-0d5b1f3a7c11"}""", "device")]
    [InlineData("""{"requestId":"2b1f7a3e-5c0e-4b59-9a6d-0d5b1f3a7c11","device":{"hardwareId":"00","clientName":"A","userName":"","address":""}}""", "device.hardwareId")]
    [InlineData("""{"requestId":"2b1f7a3e-5c0e-4b59-9a6d-0d5b1f3a7c11","device":{"hardwareId":"0000000000000000000000000000000000000000","userName":"","address":""}}""", "device.clientName")]
    [InlineData("""{"requestId":"nonsense"}""", "requestId")]
    [InlineData("""{"requestId":"2b1f7a3e-5c0e-4b59-9a6d-0d5b1f3a7c11","device":{"hardwareId":5}}""", "device.hardwareId")]
    public async Task A_field_that_is_not_right_is_named(string body, string field)
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();

        var problem = await ProblemAsync(host.Http, HttpMethod.Post, "v1/device-cals", body);

        Assert.Equal((LicensingProblem.InvalidField, field), (problem.Code, problem.Field));
    }

    [Fact]
    public async Task Fields_over_their_limits_are_named_with_the_limit()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var good = new TestDevice("CLIENT").Request();

        foreach (var (request, field, limit) in new[]
        {
            (good with { Device = good.Device with { ClientName = new string('x', 256) } }, "device.clientName", "255"),
            (good with { Device = good.Device with { UserName = new string('x', 256) } }, "device.userName", "255"),
            (good with { Device = good.Device with { Address = new string('x', 65) } }, "device.address", "64"),
            (good with { Presented = new byte[4_097] }, "presented", "4096"),
        })
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => host.Client.RequestDeviceCalAsync(request, TestPublisher.Cancellation));
            Assert.Equal((LicensingProblem.InvalidField, field), (problem.Problem, problem.Field));
            Assert.Contains(limit, problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_not_read()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();

        var atHosts = await ProblemAsync(host.Http, HttpMethod.Post, "v1/device-cals", "\"" + new string('x', 17 * 1024) + "\"");
        var atAdministration = await ProblemAsync(server.AdministrationHttp, HttpMethod.Post, "v1/packs", "\"" + new string('x', 65 * 1024) + "\"");

        Assert.Equal(LicensingProblem.BodyTooLarge, atHosts.Code);
        Assert.Equal(LicensingProblem.BodyTooLarge, atAdministration.Code);
    }

    [Fact]
    public async Task A_socket_that_a_killed_process_left_behind_is_no_obstacle()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        await server.App.StopAsync(TestPublisher.Cancellation);
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            left.Bind(new UnixDomainSocketEndPoint(server.AdministrationSocket));

        await server.RestartAsync();

        Assert.False((await server.Administration.StatusAsync(TestPublisher.Cancellation)).Activated);
    }

    private static async Task<ProblemBody> ProblemAsync(HttpClient http, HttpMethod method, string path, string body)
    {
        using var response = await Patiently.SendAsync(
            http,
            () => new(method, path) { Content = method == HttpMethod.Post ? new StringContent(body, Encoding.UTF8, "application/json") : null },
            TestPublisher.Cancellation);
        Assert.NotEqual(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(ProblemBody.ContentType, response.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(TestPublisher.Cancellation), ContractsJson.Default.ProblemBody)!;
        Assert.Equal((int)response.StatusCode, problem.Status);
        return problem;
    }
}
