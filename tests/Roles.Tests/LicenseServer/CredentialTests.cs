using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Who gets in at which door.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class CredentialTests
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public async Task A_host_whose_certificate_is_over_gets_a_new_one_and_nothing_else()
    {
        await using var role = await TestRole.StartAsync();
        var (joined, old) = await role.JoinAsync(_key);
        await AskAsync(role, old);
        role.Time.Advance(TimeSpan.FromDays(40));

        Assert.Equal(LicensingProblem.HostNotJoined, await ProblemAsync(AskAsync(role, old)));
        Assert.Equal(LicensingProblem.HostNotJoined, await ProblemAsync(
            new LicenseServerClient(role.Caller(old)).ValidateAsync(new(Guid.NewGuid(), new string('a', 32), "ada"), TestRole.Cancellation)));
        var renewed = await RenewAsync(role, old);

        Assert.Equal(joined.HostId, renewed.HostId);
        var certificate = role.WithKey(renewed, _key);
        Assert.Equal(role.Time.GetUtcNow().AddDays(30), certificate.NotAfter.ToUniversalTime());
        Assert.NotNull((await AskAsync(role, certificate)).Granted);
    }

    [Fact]
    public async Task A_removed_host_is_not_renewed()
    {
        await using var role = await TestRole.StartAsync();
        var (joined, certificate) = await role.JoinAsync(_key);
        await role.Ledger.WorkAsync(
            batch =>
            {
                batch.Db.Hosts.AsTracking().Single(host => host.HostId == joined.HostId).Remove(batch.Now);
                return true;
            },
            TestRole.Cancellation);
        role.Time.Advance(TimeSpan.FromDays(40));

        Assert.Equal(LicensingProblem.HostNotJoined, await ProblemAsync(RenewAsync(role, certificate)));
    }

    [Fact]
    public async Task Nobody_but_a_host_of_this_license_server_gets_in()
    {
        await using var role = await TestRole.StartAsync();
        await using var other = await TestRole.StartAsync();
        var (_, foreign) = await other.JoinAsync(_key);

        foreach (var (caller, problem) in new[]
        {
            ((X509Certificate2?)null, LicensingProblem.NotAuthenticated),
            (role.SelfMade(_key), LicensingProblem.HostNotJoined),
            (foreign, LicensingProblem.HostNotJoined),
        })
        {
            Assert.Equal(problem, await ProblemAsync(AskAsync(role, caller)));
            Assert.Equal(problem, await ProblemAsync(RenewAsync(role, caller)));
        }
    }

    [Fact]
    public async Task What_is_served_at_one_door_is_not_there_at_the_other()
    {
        await using var role = await TestRole.StartAsync();
        var (_, certificate) = await role.JoinAsync(_key);

        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(new LicenseServerAdministrationClient(role.Caller(certificate)).StatusAsync(TestRole.Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(new LicenseServerClient(role.AdministrationHttp).RenewAsync(TestRole.Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(
            new LicenseServerClient(role.AdministrationHttp).JoinAsync(new("t", new string('a', 32), "host-1"), TestRole.Cancellation)));
    }

    [Fact]
    public async Task Every_endpoint_declares_its_door_and_only_renewal_takes_a_certificate_that_is_over()
    {
        await using var role = await TestRole.StartAsync();

        var endpoints = role.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>().ToList();

        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<DoorMetadata>()));
        Assert.All(endpoints, endpoint => Assert.Equal(
            endpoint.RoutePattern.RawText switch
            {
                "/v1/hosts/join" => (Door.Hosts, Credential.OwnKey),
                "/v1/successions" => (Door.Hosts, Credential.None),
                "/v1/hosts/renew" => (Door.Hosts, Credential.PastMembership),
                "/v1/device-cals" or "/v1/validations" or "/v1/revocations" or "/v1/sessions" or "/v1/reports" or "/v1/grace" or "/v1/time" or "/v1/recovery" or "/v1/diagnosis" or "/v1/hosts/policy" => (Door.Hosts, Credential.Membership),
                // Hosts ask for what administrators carry here.
                "/v1/trust" when endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0] == "GET" => (Door.Hosts, Credential.Membership),
                // Hosts ask for User CALs where administrators list them.
                "/v1/user-cals" when endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0] == "POST" => (Door.Hosts, Credential.Membership),
                _ => (Door.Administration, (Credential?)null),
            },
            (endpoint.Metadata.GetMetadata<DoorMetadata>()!.Door, endpoint.Metadata.GetMetadata<CredentialMetadata>()?.Credential)));
        Assert.Equal(15, endpoints.Count(endpoint => endpoint.Metadata.GetMetadata<DoorMetadata>()!.Door == Door.Hosts));
    }

    private static Task<DeviceCalAnswer> AskAsync(TestRole role, X509Certificate2? certificate)
        => new LicenseServerClient(role.Caller(certificate)).RequestDeviceCalAsync(
            new(Guid.NewGuid(), new(Convert.ToHexString(RandomNumberGenerator.GetBytes(20)), "KIOSK-01", "ada", "192.0.2.1"), null), TestRole.Cancellation);

    private static Task<Membership> RenewAsync(TestRole role, X509Certificate2? certificate)
        => new LicenseServerClient(role.Caller(certificate)).RenewAsync(TestRole.Cancellation);

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
