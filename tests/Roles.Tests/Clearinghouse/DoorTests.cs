using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

public sealed class DoorTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public void Every_endpoint_declares_its_door()
    {
        Assert.Equal(
            [
                "DELETE /v1/accounts/{name} Administration", "DELETE /v1/license-servers/{id}/company Administration", "DELETE /v1/tokens/{id} Administration",
                "GET / Public", "GET /openapi/public-v1.json Public", "GET /openapi/v1.json Administration", "GET /operator Administration",
                "GET /operator/activation Administration", "GET /operator/agreement Administration", "GET /operator/clearinghouse.css Administration",
                "GET /operator/clearinghouse.js Administration", "GET /operator/key-pack Administration", "GET /operator/sign-in Administration",
                "GET /v1/accounts Administration", "GET /v1/agreements Administration", "GET /v1/agreements/{id} Administration",
                "GET /v1/agreements/{id}/draws Administration", "GET /v1/audit Administration", "GET /v1/audit-head Public",
                "GET /v1/audit/verification Administration", "GET /v1/caller Administration", "GET /v1/issuing Public", "GET /v1/license-servers Administration",
                "GET /v1/license-servers/{id}/export Administration", "GET /v1/product-keys Administration", "GET /v1/revocations Administration",
                "GET /v1/root Public", "GET /v1/status Administration", "GET /v1/tokens Administration", "GET /v1/trust Public",
                "GET /v1/trust/documents Administration", "GET /web Public", "GET /web/clearinghouse.css Public", "GET /web/clearinghouse.js Public",
                "GET /web/root Public", "GET /web/telephone Public", "POST /operator/activation Administration", "POST /operator/agreement Administration",
                "POST /operator/groups Administration", "POST /operator/key-pack Administration", "POST /operator/sign-in Administration",
                "POST /operator/sign-out Administration", "POST /v1/accounts Administration", "POST /v1/activations Public", "POST /v1/agreements Administration",
                "POST /v1/audit/verification Administration", "POST /v1/deactivations Public", "POST /v1/draws Public", "POST /v1/draws/release Administration",
                "POST /v1/grace-extensions Administration", "POST /v1/key-packs Public", "POST /v1/key-packs/transfers Public",
                "POST /v1/key-packs/transfers/undo Public", "POST /v1/license-servers/{id}/succession Administration", "POST /v1/product-keys Administration",
                "POST /v1/product-keys/check Public", "POST /v1/product-keys/find Administration", "POST /v1/reactivations Public", "POST /v1/replacements Public",
                "POST /v1/revocations/key-packs Administration", "POST /v1/revocations/license-servers Administration",
                "POST /v1/revocations/{id}/lift Administration", "POST /v1/sign-in Administration", "POST /v1/sign-out Administration",
                "POST /v1/successions Public", "POST /v1/telephone/activations Administration", "POST /v1/telephone/draws Administration",
                "POST /v1/telephone/key-packs Administration", "POST /v1/time Public", "POST /v1/tokens Administration", "POST /v1/transfers Administration",
                "POST /web Public", "POST /web/answer Public", "PUT /v1/accounts/{name}/password Administration", "PUT /v1/accounts/{name}/role Administration",
                "PUT /v1/agreements/{id} Administration", "PUT /v1/license-servers/{id}/company Administration",
            ],
            Endpoints(_publisher.ClearinghouseApp));
        Assert.All(Endpoints(_publisher.SignerApp), endpoint => Assert.EndsWith(" Signing", endpoint, StringComparison.Ordinal));
        Assert.Equal(10, Endpoints(_publisher.SignerApp).Count);
    }

    [Fact]
    public async Task Through_the_other_door_no_endpoint_exists()
    {
        foreach (var endpoint in Endpoints(_publisher.ClearinghouseApp))
        {
            var parts = endpoint.Split(' ');
            var other = parts[2] == nameof(Door.Public) ? _publisher.AdministrationHttp : _publisher.Http;
            using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1].TrimStart('/').Replace("{name}", "alice", StringComparison.Ordinal).Replace("{id}", "1", StringComparison.Ordinal));
            // What a forged header could say of the door is not looked at.
            request.Headers.Host = "localhost";
            using var response = await other.SendAsync(request, TestPublisher.Cancellation);

            Assert.Equal((HttpStatusCode.NotFound, LicensingProblem.NotFound), (response.StatusCode, (await ProblemAsync(response)).Code));
        }
    }

    [Fact]
    public async Task The_operators_socket_is_its_owners_and_a_stale_one_is_replaced()
    {
        var path = _publisher.Options().AdministrationSocket;
        Assert.Equal("600", TestPublisher.ModeOf(path));

        await _publisher.StopClearinghouseAsync();
        using (var crashed = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
            crashed.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        if (!File.Exists(path))
            await File.WriteAllBytesAsync(path, [], TestPublisher.Cancellation);
        await _publisher.StartClearinghouseAsync(_publisher.Options());

        Assert.True((await _publisher.Administration.StatusAsync(TestPublisher.Cancellation)).SignerReachable);
    }

    [Fact]
    public async Task Over_64_KiB_no_body_is_read_with_and_without_a_length()
    {
        foreach (var route in new[] { "v1/activations", "v1/product-keys/check", "v1/key-packs" })
            foreach (var chunked in new[] { false, true })
            {
                using var response = await Patiently.SendAsync(_publisher.Http, () => TooMuch(route, chunked), TestPublisher.Cancellation);

                Assert.Equal((HttpStatusCode.RequestEntityTooLarge, LicensingProblem.BodyTooLarge), (response.StatusCode, (await ProblemAsync(response)).Code));
            }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"productKey\":5}")]
    [InlineData("{\"productKey\":\"00000\"")]
    [InlineData("{}")]
    public async Task What_is_not_the_JSON_of_the_route_is_an_invalid_field(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _publisher.Http.PostAsync("v1/product-keys/check", content, TestPublisher.Cancellation);

        Assert.Equal((HttpStatusCode.BadRequest, LicensingProblem.InvalidField), (response.StatusCode, (await ProblemAsync(response)).Code));
    }

    [Fact]
    public async Task What_fails_in_us_says_nothing_outside_and_everything_in_the_log()
    {
        await _publisher.RestartClearinghouseAsync(_ => throw new InvalidOperationException("told to nobody"));
        using var server = new TestLicenseServer();
        using var response = await _publisher.Http.PostAsJsonAsync("v1/activations", server.NewActivation(), ContractsJson.Default.ActivateRequest, TestPublisher.Cancellation);

        Assert.Equal("""{"status":500,"code":"internal-error","title":"Internal error"}""", await response.Content.ReadAsStringAsync(TestPublisher.Cancellation));
        Assert.Contains(_publisher.LogLines, line => line.Contains("told to nobody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Attempts_are_limited_by_address_and_free_again_after_the_time_that_is_said()
    {
        await _publisher.StopClearinghouseAsync();
        await _publisher.StartClearinghouseAsync(_publisher.Options(attemptsPerMinute: 30));
        using var body = new StringContent("""{"productKey":"00000-00000-00000-00000-00000"}""", Encoding.UTF8, "application/json");
        Task<HttpResponseMessage> AskAsync() => _publisher.Http.PostAsync("v1/product-keys/check", body, TestPublisher.Cancellation);
        for (var attempt = 0; attempt < 30; attempt++)
            Assert.Equal(HttpStatusCode.NotFound, (await AskAsync()).StatusCode);
        _publisher.Time.Advance(TimeSpan.FromSeconds(20));

        using var refused = await AskAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, LicensingProblem.TooManyAttempts), (refused.StatusCode, (await ProblemAsync(refused)).Code));
        Assert.Equal(TimeSpan.FromSeconds(40), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, (await _publisher.Http.GetAsync("v1/root", TestPublisher.Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await _publisher.Http.PostAsync("v1/key-packs", body, TestPublisher.Cancellation)).StatusCode);

        _publisher.Time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync()).StatusCode);
    }

    [Fact]
    public void Attempts_slide_count_a_network_of_IPv6_as_one_and_stay_bounded_in_memory()
    {
        var time = new FakeTimeProvider(TestAuthority.Begin);
        var limit = new AttemptLimit(2, time);
        bool Take(string address) => limit.TryTake(IPAddress.Parse(address), out _);

        Assert.True(Take("192.0.2.1"));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(Take("192.0.2.1"));
        Assert.False(Take("::ffff:192.0.2.1"));
        Assert.True(Take("192.0.2.2"));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(Take("192.0.2.1"));
        Assert.False(Take("192.0.2.1"));

        Assert.True(Take("2001:db8::1"));
        Assert.True(Take("2001:db8::2"));
        Assert.False(Take("2001:db8::3"));
        Assert.True(Take("2001:db8:0:1::1"));

        for (var host = 0; host < AttemptLimit.MaxAddresses; host++)
            limit.TryTake(new IPAddress([10, 0, (byte)(host >> 8), (byte)host]), out _);
        Assert.False(Take("198.51.100.1"));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(Take("198.51.100.1"));
    }

    private static List<string> Endpoints(WebApplication app)
        => [.. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .Select(endpoint => $"{endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single()} {endpoint.RoutePattern.RawText} {endpoint.Metadata.GetRequiredMetadata<DoorMetadata>().Door}")
            .Order(StringComparer.Ordinal)];

    private static async Task<ProblemBody> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal(ProblemBody.ContentType, response.Content.Headers.ContentType?.MediaType);
        return (await response.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemBody, TestPublisher.Cancellation))!;
    }

    private static HttpRequestMessage TooMuch(string route, bool chunked)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = new ByteArrayContent(Encoding.ASCII.GetBytes(new string(' ', 65_537))) };
        request.Headers.TransferEncodingChunked = chunked;
        return request;
    }
}
