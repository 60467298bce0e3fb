using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.SessionHost;
using Ostiary.SessionHost.Grace;
using Xunit;

namespace Ostiary.Roles.Tests.Routes;

/// <summary>Each route of a session host's administration, as the running program lists them. Its socket is for its owner only, which is the credential.</summary>
public sealed class SessionHostRoutesTests : IAsyncLifetime
{
    private const int BodyLimit = 16 * 1024;

    private readonly string _state = Gateway.NewState();
    private FakeXrdp _xrdp = null!;
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _licenseServer = null!;
    private Gateway _gateway = null!;
    private HttpClient _http = null!;
    private string _machine = null!;
    private string? _extension;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Socket => Path.Combine(_state, "admin.sock");

    private string Store => RouteCalls.Snapshot(null, Directory.GetFiles(_state, "*.db").Single());

    private IReadOnlyList<Route> Routes => Route.Of(_gateway.Services);

    public async ValueTask InitializeAsync()
    {
        _xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        _licenseServer = new(_publisher);
        await _licenseServer.StartAsync();
        _gateway = await Gateway.StartAsync(_xrdp, state: _state, grace: true);
        // Begun, so that there is something to extend.
        await _gateway.Services.GetRequiredService<GracePeriod>().UseAsync(Cancellation);
        _machine = (await _gateway.Administration.GraceAsync(Cancellation)).MachineId;
        _http = ApiClient.OverUnixSocket(Socket, TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
        await _licenseServer.DisposeAsync();
        _publisher.Dispose();
        await _xrdp.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void Every_route_has_a_good_request_here_and_the_socket_opens_for_its_owner_only()
    {
        Assert.Equal(Samples().Keys.Order(StringComparer.Ordinal), Routes.Select(route => route.Name).Order(StringComparer.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));
    }

    [Fact]
    public async Task What_is_not_right_is_named_and_changes_nothing()
    {
        var before = Store;
        foreach (var route in Routes.Where(route => route.HasBody && Samples()[route.Name].Type is not null))
        {
            var tooLarge = await _http.CallAsync(route, route.Pattern, "\"" + new string('x', BodyLimit) + "\"");
            Assert.True(tooLarge is { Status: 413, Problem.Code: LicensingProblem.BodyTooLarge }, $"{route} over {BodyLimit} bytes: {tooLarge}");
            foreach (var (member, body) in RouteCalls.Malformed(Samples()[route.Name].Type!))
            {
                var reply = await _http.CallAsync(route, route.Pattern, body);
                Assert.True(reply is { Status: 400, Problem.Code: LicensingProblem.InvalidField } && reply.Problem.Field == member, $"{route} with {body}: {reply}");
            }

            foreach (var body in new[] { "", "null", "[]", "{", "\0", "{}" })
            {
                var reply = await _http.CallAsync(route, route.Pattern, body);
                Assert.True(reply is { Status: 400, Problem.Code: LicensingProblem.InvalidField }, $"{route} with {body}: {reply}");
                Assert.True(body != "{}" || reply.Problem!.Field is not null, $"{route} with {body}: {reply}");
            }
        }

        foreach (var list in Routes.Where(route => Samples()[route.Name].IsList))
            foreach (var (query, field) in new[] { ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=%00", "limit"), ("after=x", "after"), ("after=-1", "after"), ("after=99999999999999999999", "after"), ("after=%00", "after") })
            {
                var reply = await _http.CallAsync(list, $"{list.Pattern}?{query}", null);
                Assert.True(reply is { Status: 400, Problem.Code: LicensingProblem.InvalidField } && reply.Problem.Field == field, $"{list} {query}: {reply}");
            }

        foreach (var days in new[] { "0", "366", "-1", "x", "1.5", "99999999999999999999", "%00" })
        {
            var observation = Routes.Single(route => route.Name == "GET /v1/observation");
            var reply = await _http.CallAsync(observation, $"{observation.Pattern}?days={days}", null);
            Assert.True(reply is { Status: 400, Problem: { Code: LicensingProblem.InvalidField, Field: "days" } }, $"{observation} days={days}: {reply}");
        }

        Assert.Equal(before, Store);
        Assert.Equal("host-1", (await _gateway.Administration.StatusAsync(Cancellation)).Name);
    }

    [Fact]
    public async Task Members_of_every_odd_value_are_answered_and_where_they_are_not_right_named()
    {
        foreach (var route in Routes.Where(route => Samples()[route.Name].Type is not null))
            foreach (var body in RouteCalls.Odd(Samples()[route.Name].Body!))
            {
                var reply = await _http.CallAsync(route, route.Pattern, body);
                Assert.True(reply.Status < 500 && reply is not { Status: 400, Problem.Field: null }, $"{route} with {body[..Math.Min(body.Length, 400)]}: {reply}");
            }
    }

    [Fact]
    public async Task What_is_not_there_and_a_body_of_another_kind_are_answered_with_a_problem()
    {
        var route = Routes.Single(route => route.Name == "GET /v1/status");
        var missing = await _http.CallAsync(route, "v1/nothing", null);
        var method = await _http.CallAsync(route with { Method = HttpMethod.Post }, route.Pattern, "{}");
        using var form = new FormUrlEncodedContent([new("invitation", "x")]);
        using var response = await _http.PostAsync("v1/membership", form, Cancellation);

        Assert.Equal((404, LicensingProblem.NotFound), (missing.Status, missing.Problem!.Code));
        Assert.Equal((404, LicensingProblem.NotFound), (method.Status, method.Problem!.Code));
        Assert.Equal((400, ProblemBody.ContentType), ((int)response.StatusCode, response.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task The_same_request_twice_is_answered_alike()
    {
        foreach (var route in Routes)
        {
            var first = await _http.CallAsync(route, route.Pattern, Samples()[route.Name].Body);
            var second = await _http.CallAsync(route, route.Pattern, Samples()[route.Name].Body);

            // An extension is applied once, and the second time told so.
            Assert.True((first.Status, second.Status) == (200, route.Name == "POST /v1/grace-extensions" ? 409 : 200), $"{route}: {first}, then {second}");
        }

        Assert.Equal(10, (await _gateway.Administration.GraceAsync(Cancellation)).ExtensionDays);
        Assert.Single((await _gateway.Administration.StatusAsync(Cancellation)).LicenseServers);
    }

    private Dictionary<string, (string? Body, Type? Type, bool IsList)> Samples() => new()
    {
        ["GET /v1/status"] = (null, null, false),
        ["GET /v1/findings"] = (null, null, false),
        ["POST /v1/diagnosis-bundle"] = (null, null, false),
        ["POST /v1/membership"] = ($$"""{"invitation":"{{_licenseServer.Invitation}}"}""", typeof(JoinServerRequest), false),
        ["GET /v1/sessions"] = (null, null, true),
        ["GET /v1/refusals"] = (null, null, true),
        ["GET /v1/grace"] = (null, null, false),
        ["POST /v1/grace-extensions"] = (JsonSerializer.Serialize(new(_extension ??= Extension()), ContractsJson.Default.InstallExtensionRequest), typeof(InstallExtensionRequest), false),
        ["GET /v1/clock"] = (null, null, false),
        ["POST /v1/clock"] = (null, null, false),
        ["GET /v1/policy"] = (null, null, false),
        ["POST /v1/policy/update"] = (null, null, false),
        ["GET /v1/observation"] = (null, null, false),
        ["POST /v1/explanation"] = ($$"""{"hardwareId":"{{new string('a', 40)}}"}""", typeof(ExplanationRequest), false),
    };

    private string Extension() => GraceExtensionFile.Format(
        Statement.Sign(new GraceExtensionStatement(Guid.NewGuid(), _machine, 10, DateTimeOffset.UtcNow).Encode(), _publisher.IssuingKey), _publisher.Issuing);
}
