using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Pages;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Telephone;
using Ostiary.Doors;
using Ostiary.Doors.Accounts;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>Operators elsewhere: accounts, roles and tokens at the clearinghouse's own door, and the telephone desk's pages.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed partial class TelephoneDeskTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private readonly List<HttpClient> _clients = [];
    private TestPublisher _publisher = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private AccountsClient Root => new(_publisher.AdministrationHttp);

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        await _publisher.StopClearinghouseAsync();
        await _publisher.StartClearinghouseAsync(_publisher.Options(operators: "127.0.0.1:0"));
    }

    public ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        return _publisher.DisposeAsync();
    }

    [Fact]
    public async Task Every_route_is_for_its_role_and_for_nobody_else()
    {
        var tokens = new Dictionary<AccountRole, string>();
        foreach (var role in Enum.GetValues<AccountRole>())
            tokens[role] = (await Root.CreateTokenAsync(new($"{role}".ToLowerInvariant(), role, 1), Cancellation)).Token;
        var routes = _publisher.ClearinghouseApp.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<DoorMetadata>()!.Door == Door.Administration).ToList();
        Assert.True(routes.Count > 20);

        foreach (var route in routes)
        {
            var least = route.Metadata.GetRequiredMetadata<RoleMetadata>().Least;
            var isPage = route.Metadata.GetMetadata<PageMetadata>() is not null;
            using var nobody = await CallAsync(route, null);
            if (least is null)
            {
                Assert.True(nobody.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) || route.RoutePattern.RawText!.EndsWith("sign-in", StringComparison.Ordinal), $"{route}: {nobody.StatusCode}");
                continue;
            }

            Assert.True(isPage ? IsSignIn(nobody) || nobody.StatusCode == HttpStatusCode.Forbidden : nobody.StatusCode == HttpStatusCode.Unauthorized, $"{route} for nobody: {nobody.StatusCode}");
            foreach (var (role, token) in tokens.Where(pair => pair.Key < least))
            {
                using var less = await CallAsync(route, token);
                Assert.True(less.StatusCode == HttpStatusCode.Forbidden, $"{route} for a {role}: {less.StatusCode}");
            }

            if (least == AccountRole.Reader)
                continue;
            using var enough = await CallAsync(route, tokens[least.Value]);
            Assert.True(enough.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden), $"{route} for a {least}: {enough.StatusCode}");
        }

        _publisher.Time.Advance(TimeSpan.FromDays(2));
        foreach (var route in routes.Where(route => route.Metadata.GetRequiredMetadata<RoleMetadata>().Least is not null))
        {
            using var late = await CallAsync(route, tokens[AccountRole.Administrator]);
            Assert.True(late.StatusCode == HttpStatusCode.Unauthorized || IsSignIn(late), $"{route} with a token that is over: {late.StatusCode}");
        }
    }

    [Fact]
    public async Task What_an_operator_does_stands_under_their_name_and_the_chain_is_whole()
    {
        await Root.AddAsync(new("grace", AccountRole.Administrator, Password), Cancellation);
        var http = Browser();
        var token = (await new AccountsClient(http).SignInAsync(new("Grace", Password), Cancellation)).Token;
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var operators = new ClearinghouseAdministrationClient(http);
        await operators.MintAsync(new(Ostiary.Contracts.Catalogue.CalType.Device, new(2022), 5, 1, "retail"), Cancellation);

        var entries = (await operators.AuditAsync(null, 10, Cancellation)).Items;

        Assert.Equal(["mint grace", "token-created grace", "account-added root", "tls-certificate "], entries.Select(entry => $"{entry.Kind} {entry.By}"));
        var verification = await operators.VerifyAuditAsync(Cancellation);
        Assert.Equal((true, 4L), (verification.Sound, verification.Entries));
        Assert.DoesNotContain(_publisher.LogLines, line => line.Contains(token, StringComparison.Ordinal) || line.Contains(Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Groups_are_taken_in_the_order_of_their_fields_and_the_answer_is_read_back()
    {
        var http = await SignedInAsync(AccountRole.Operator);
        using var server = new TestLicenseServer();
        var groups = SpokenForm.ActivationRequest.Write(server.Request.Encode());
        // Two fields changed places, and one symbol was misheard: all three are named, and nothing that was typed is lost.
        var typed = groups.ToList();
        (typed[3], typed[4]) = (typed[4], typed[3]);
        typed[9] = typed[9][..5] + (typed[9][5] == 'X' ? 'Y' : 'X');

        var (status, page) = await PostAsync(http, "operator/activation", Activation(typed));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("group 4 has a wrong symbol, or is group 5", page, StringComparison.Ordinal);
        Assert.Contains("group 5 has a wrong symbol, or is group 4", page, StringComparison.Ordinal);
        Assert.Contains("group 10 has a wrong symbol", page, StringComparison.Ordinal);
        Assert.All(typed, group => Assert.Contains($"value=\"{group}\"", page, StringComparison.Ordinal));
        Assert.Contains("value=\"Lovelace\"", page, StringComparison.Ordinal);
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));

        (status, page) = await PostAsync(http, "operator/activation", Activation(groups));

        var answer = await _publisher.Administration.TelephoneActivationAsync(new(groups, TestPublisher.Company), Cancellation);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(answer.Groups, Aloud().Matches(page).Select(match => match.Groups[1].Value));
        Assert.Contains(answer.Spelled[22], page, StringComparison.Ordinal);
        Assert.Equal("desk", (await _publisher.Administration.AuditAsync(null, 1, Cancellation)).Items[0].By);
    }

    [Fact]
    public async Task A_product_key_is_spent_only_after_it_was_read_to_the_caller()
    {
        var http = await SignedInAsync(AccountRole.Operator);
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        var form = KeyPack(server.Id.Text, key);
        var swapped = new Dictionary<string, string>(form) { ["s2"] = form["s3"], ["s3"] = form["s2"] };

        Assert.Contains("group 2 has a wrong symbol, or is group 3", (await PostAsync(http, "operator/key-pack", swapped)).Page, StringComparison.Ordinal);
        var (_, review) = await PostAsync(http, "operator/key-pack", form);
        Assert.Contains("5 Ostiary Device CALs", review, StringComparison.Ordinal);
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));

        // Another key than the one that was read to the caller is looked at first too.
        var other = await _publisher.MintAsync(7);
        var redeem = System.Net.WebUtility.HtmlDecode(Redeem().Match(review).Groups[1].Value);
        var (_, again) = await PostAsync(http, "operator/key-pack", new(KeyPack(server.Id.Text, other)) { ["redeem"] = redeem });
        Assert.Contains("7 Ostiary Device CALs", again, StringComparison.Ordinal);
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));

        var (status, page) = await PostAsync(http, "operator/key-pack", new(form) { ["redeem"] = redeem });
        var answer = await _publisher.Administration.TelephoneRedemptionAsync(new(server.Id.Text, key), Cancellation);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(answer.Groups, Aloud().Matches(page).Select(match => match.Groups[1].Value));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
    }

    [Fact]
    public async Task Groups_are_checked_as_they_are_typed()
    {
        var http = await SignedInAsync(AccountRole.Operator);
        using var server = new TestLicenseServer();
        var groups = SpokenForm.ActivationRequest.Write(server.Request.Encode());
        var form = new Dictionary<string, string> { ["kind"] = "activation", ["g1"] = groups[0].ToLowerInvariant(), ["g7"] = groups[7] };

        Assert.Equal("""{"g7":"group 7 has a wrong symbol, or is group 8"}""", (await PostAsync(http, "operator/groups", form)).Page);
        Assert.Equal("{}", (await PostAsync(http, "operator/groups", new() { ["kind"] = "key", ["k1"] = "ABCDE" })).Page);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(http, "operator/groups", new() { ["kind"] = "other" })).Status);
    }

    [Fact]
    public async Task The_cookie_is_for_our_pages_only_and_ends_with_the_sign_in()
    {
        await Root.AddAsync(new("desk", AccountRole.Operator, Password), Cancellation);
        var http = Browser();
        var wrong = await PostAsync(http, "operator/sign-in", new() { ["name"] = "desk", ["password"] = "incorrect horse battery" });
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.Status);
        Assert.Contains("value=\"desk\"", wrong.Page, StringComparison.Ordinal);
        Assert.DoesNotContain("incorrect horse", wrong.Page, StringComparison.Ordinal);

        using var signedIn = await SendAsync(http, "operator/sign-in", new() { ["name"] = "desk", ["password"] = Password }, "same-origin");
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single();
        Assert.Matches("^__Host-ostiary=ostiary_[A-Za-z0-9_-]{43}; expires=[^;]+; path=/; secure; samesite=strict; httponly$", cookie);
        http.DefaultRequestHeaders.Add("Cookie", cookie.Split(';')[0]);

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("operator/activation", Cancellation)).StatusCode);
        // The API takes tokens in its header only, and pages take nothing that another site sends.
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("v1/caller", Cancellation)).StatusCode);
        foreach (var site in new[] { "cross-site", "same-site", "none" })
        {
            using var forged = await SendAsync(http, "operator/sign-out", [], site);
            Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        }

        using var unknown = await SendAsync(http, "operator/sign-out", [], null);
        Assert.Equal(HttpStatusCode.Forbidden, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("operator/activation", Cancellation)).StatusCode);

        using var signedOut = await SendAsync(http, "operator/sign-out", [], "same-origin");
        Assert.True(IsSignIn(signedOut));
        using var after = await http.GetAsync("operator/activation", Cancellation);
        Assert.True(IsSignIn(after));
    }

    [Fact]
    public async Task What_goes_wrong_at_a_page_is_answered_with_a_page()
    {
        var http = await SignedInAsync(AccountRole.Reader);

        using var denied = await http.GetAsync("operator/activation", Cancellation);
        Assert.Equal((HttpStatusCode.Forbidden, "text/html"), (denied.StatusCode, denied.Content.Headers.ContentType!.MediaType));
        Assert.Contains("This needs the role operator", await denied.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        await _publisher.StopClearinghouseAsync();
        await _publisher.StartClearinghouseAsync(_publisher.Options(attemptsPerMinute: 1));
        using var first = await SendAsync(_publisher.Http, "web", new() { ["code"] = "x" }, null);
        using var second = await SendAsync(_publisher.Http, "web", new() { ["code"] = "x" }, null);
        Assert.Equal((HttpStatusCode.TooManyRequests, "text/html"), (second.StatusCode, second.Content.Headers.ContentType!.MediaType));
        Assert.Equal(TimeSpan.FromSeconds(60), second.Headers.RetryAfter!.Delta);
        using var large = await Patiently.SendAsync(
            _publisher.Http, () => new(HttpMethod.Post, "web/answer") { Content = new StringContent(new string('x', 70_000), Encoding.ASCII, "application/x-www-form-urlencoded") }, Cancellation);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "text/html"), (large.StatusCode, large.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task The_telephone_numbers_are_on_a_page_and_in_the_issuing_file()
    {
        await _publisher.StopClearinghouseAsync();
        await _publisher.StartClearinghouseAsync(_publisher.Options(numbers: new() { ["*"] = "+44 20 7946 0100", ["CA"] = "+1 (613) 555-0100" }));

        var page = WebUtility.HtmlDecode(await _publisher.Http.GetStringAsync("web/telephone", Cancellation));
        var file = await _publisher.Http.GetStringAsync("v1/issuing", Cancellation);

        Assert.Matches("(?s)Canada.*tel:\\+16135550100.*Elsewhere.*tel:\\+442079460100", page);
        var numbers = TelephoneNumber.Read(file);
        Assert.Equal([new("CA", "+1 (613) 555-0100"), new("*", "+44 20 7946 0100")], numbers);
        Assert.Equal("+44 20 7946 0100", Assert.Single(TelephoneNumber.For(numbers, "SE")).Number);
        Assert.Equal("+1 (613) 555-0100", Assert.Single(TelephoneNumber.For(numbers, "CA")).Number);
        using var issuing = Assert.Single(Ostiary.Contracts.Certificates.CertificateChain.FromPem(file));
        Assert.Equal(_publisher.Ceremony.Issuing, Ostiary.Contracts.Certificates.KeyFingerprint.Of(issuing));
        Assert.Equal(
            ["TelephoneNumbers: XX is not two capital letters of ISO 3166-1, nor * for elsewhere", "TelephoneNumbers: \"call us\" is not a telephone number of at most 32 digits, spaces, hyphens and parentheses"],
            _publisher.Options(numbers: new() { ["XX"] = "+1", ["CA"] = "call us" }).Check());
    }

    private static Dictionary<string, string> Activation(IReadOnlyList<string> groups)
    {
        var form = new Dictionary<string, string> { ["firstName"] = "Ada", ["lastName"] = "Lovelace", ["company"] = "Engines Ltd", ["country"] = "GB" };
        for (var index = 0; index < groups.Count; index++)
            form[$"g{index + 1}"] = groups[index];
        return form;
    }

    private static Dictionary<string, string> KeyPack(string server, string key)
    {
        var form = new Dictionary<string, string>();
        foreach (var (prefix, text) in new[] { ("s", server), ("k", key) })
            foreach (var (group, index) in text.Split('-').Select((group, index) => (group, index)))
                form[$"{prefix}{index + 1}"] = group;
        return form;
    }

    private static bool IsSignIn(HttpResponseMessage response) => response.StatusCode == HttpStatusCode.Found && response.Headers.Location!.OriginalString == "/operator/sign-in";

    private Task<HttpResponseMessage> CallAsync(RouteEndpoint route, string? token)
    {
        var path = route.RoutePattern.RawText!.Replace("{name}", "alice", StringComparison.Ordinal).Replace("{id}", Guid.Empty.ToString(), StringComparison.Ordinal);
        var request = new HttpRequestMessage(new(route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single()), path.TrimStart('/'));
        if (request.Method != HttpMethod.Get)
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        if (route.Metadata.GetMetadata<CookieMetadata>() is not null)
        {
            request.Headers.Add("Sec-Fetch-Site", "same-origin");
            if (token is not null)
                request.Headers.Add("Cookie", $"__Host-ostiary={token}");
        }
        else if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return Browser().SendAsync(request, Cancellation);
    }

    private async Task<HttpClient> SignedInAsync(AccountRole role)
    {
        await Root.AddAsync(new("desk", role, Password), Cancellation);
        var http = Browser();
        using var signedIn = await SendAsync(http, "operator/sign-in", new() { ["name"] = "desk", ["password"] = Password }, "same-origin");
        Assert.Equal(HttpStatusCode.Found, signedIn.StatusCode);
        http.DefaultRequestHeaders.Add("Cookie", signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        return http;
    }

    private static async Task<(HttpStatusCode Status, string Page)> PostAsync(HttpClient http, string path, Dictionary<string, string> form)
    {
        using var response = await SendAsync(http, path, form, "same-origin");
        return (response.StatusCode, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(Cancellation)));
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, string path, Dictionary<string, string> form, string? site)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form) };
        if (site is not null)
            request.Headers.Add("Sec-Fetch-Site", site);
        return await http.SendAsync(request, Cancellation);
    }

    // It keeps no cookies and follows nothing by itself: the test sees what a browser is told.
    private HttpClient Browser()
    {
        var client = _publisher.NewClient(ClearinghouseRole.OperatorsAddressOf(_publisher.ClearinghouseApp));
        _clients.Add(client);
        return client;
    }

    [GeneratedRegex("<td class=\"code\">([0-9A-Z]{6})</td>")]
    private static partial Regex Aloud();

    [GeneratedRegex("name=\"redeem\" value=\"([^\"]+)\"")]
    private static partial Regex Redeem();
}
