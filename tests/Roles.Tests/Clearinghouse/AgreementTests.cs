using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Agreements;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>License programs other than retail: what is drawn from an agreement, by whom, and never more than was agreed.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed partial class AgreementTests : IAsyncLifetime
{
    private static readonly CalVersion Version = new(2022);

    private TestPublisher _publisher = null!;
    private TestLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _server = await _publisher.NewLicenseServerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task A_revoked_license_server_draws_nothing()
    {
        await EnterAsync(100, _server);
        await DrawAsync(_server, 7);
        await _publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(_server.Id.Text, ClearinghouseRevocationReason.KeyCompromised), Cancellation);

        var refused = await Assert.ThrowsAsync<ProblemException>(() => DrawAsync(_server, 7));

        Assert.Equal(LicensingProblem.NotAllowed, refused.Problem);
        Assert.Contains("revoked", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_number_of_draws_at_once_never_come_to_more_than_was_agreed()
    {
        using var second = await _publisher.NewLicenseServerAsync();
        var agreement = await EnterAsync(100, _server, second);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async number =>
        {
            try
            {
                return (await DrawAsync(number % 2 == 0 ? _server : second, 7)).ProductKey;
            }
            catch (ProblemException refused)
            {
                Assert.Equal((LicensingProblem.RuleForbids, "the agreement has 2 of 100 Device CALs of version 2022 left; 7 were asked for"), (refused.Problem, refused.Message));
                return null;
            }
        }));

        Assert.Equal(14, answers.Count(key => key is not null));
        Assert.Equal(14, answers.Distinct().Count(key => key is not null));
        Assert.Equal(98, (await _publisher.Administration.AgreementAsync(agreement.Id, Cancellation)).Limits.Single().Drawn);
        Assert.Equal(98L, _publisher.Query<long>($"SELECT SUM(Quantity) FROM ProductKeys WHERE AgreementId = {agreement.Id}"));
        Assert.Equal(14L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'draw'"));
        // Two are left for whoever asks for no more.
        Assert.NotNull((await DrawAsync(second, 2)).ProductKey);
    }

    [Fact]
    public async Task The_same_draw_again_is_the_same_key_and_the_key_is_redeemed_as_any_other()
    {
        var agreement = await EnterAsync(10, _server);
        var nonce = RandomNumberGenerator.GetBytes(DrawRequest.NonceLength);

        var keys = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await DrawAsync(_server, 4, nonce)).ProductKey));

        var key = Assert.Single(keys.Distinct());
        Assert.Equal(4, (await _publisher.Administration.AgreementAsync(agreement.Id, Cancellation)).Limits.Single().Drawn);
        Assert.Equal(LicensingProblem.RequestIdReused, await ProblemAsync(DrawAsync(_server, 5, nonce)));
        var pack = await _server.RedeemAsync(_publisher, key);
        Assert.True(Statement.TryReadUnverified(pack.KeyPack, out var payload));
        Assert.Equal((4, "select", null), (KeyPackStatement.Decode(payload) is var statement ? statement.Quantity : 0, statement.Program, statement.ExpiresAt));
        Assert.Equal(key, (await DrawAsync(_server, 4, nonce)).ProductKey);

        // For nobody else, redeemed or not.
        using var other = await _publisher.NewLicenseServerAsync();
        var unredeemed = (await DrawAsync(_server, 1)).ProductKey;
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(other.RedeemAsync(_publisher, unredeemed)));
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(other.RedeemAsync(_publisher, key)));
    }

    [Fact]
    public async Task What_was_drawn_and_never_installed_goes_back_by_itself_after_its_days_and_what_was_installed_stays()
    {
        var agreement = await EnterAsync(10, _server);
        var nonce = RandomNumberGenerator.GetBytes(DrawRequest.NonceLength);
        var forgotten = (await DrawAsync(_server, 4, nonce)).ProductKey;
        await _server.RedeemAsync(_publisher, (await DrawAsync(_server, 3)).ProductKey);
        _publisher.Time.Advance(TimeSpan.FromDays(29));
        await DrawAsync(_server, 2);
        await ReleaseOldAsync();
        Assert.Equal(9, await DrawnAsync(agreement));

        _publisher.Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        await ReleaseOldAsync();

        Assert.Equal(5, await DrawnAsync(agreement));
        var draws = (await _publisher.Administration.DrawsAsync(agreement.Id, null, 10, Cancellation)).Items;
        Assert.Equal([(4, true, false), (3, false, true), (2, false, false)], draws.Select(draw => (draw.Quantity, draw.ReleasedAt is not null, draw.RedeemedAt is not null)));
        Assert.Contains("given back", (await Assert.ThrowsAsync<ProblemException>(() => _server.RedeemAsync(_publisher, forgotten))).Message, StringComparison.Ordinal);
        Assert.Equal(
            (LicensingProblem.RuleForbids, "productKey"), await FaultAsync(_publisher.Client.CheckProductKeyAsync(new(forgotten, _server.Id.Text), Cancellation)));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'draw-released'"));
        await ReleaseOldAsync();
        Assert.Equal(5, await DrawnAsync(agreement));

        // The license server that comes late draws the same again: it counts again, as far as there are any, and its key is good again.
        var other = (await DrawAsync(_server, 2)).ProductKey;
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(DrawAsync(_server, 4, nonce)));
        await _publisher.Administration.ReleaseDrawAsync((await _publisher.Administration.DrawsAsync(agreement.Id, null, 10, Cancellation)).Items[^1].Number, Cancellation);
        Assert.Equal(forgotten, (await DrawAsync(_server, 4, nonce)).ProductKey);
        Assert.Equal(9, await DrawnAsync(agreement));
        await _server.RedeemAsync(_publisher, forgotten);
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_server.RedeemAsync(_publisher, other)));
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_draw_is_given_back_or_installed_and_never_both_however_they_race()
    {
        var agreement = await EnterAsync(20, _server);
        var keys = new List<string>();
        for (var draw = 0; draw < 20; draw++)
            keys.Add((await DrawAsync(_server, 1)).ProductKey);
        var numbers = (await _publisher.Administration.DrawsAsync(agreement.Id, null, 100, Cancellation)).Items.Select(draw => draw.Number).ToList();

        var races = await Task.WhenAll(keys.Zip(numbers).Select(async (pair, index) =>
        {
            var redeemed = TriedAsync(() => _server.RedeemAsync(_publisher, pair.First));
            var released = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => TriedAsync(() => _publisher.Administration.ReleaseDrawAsync(pair.Second, Cancellation))));
            return (Redeemed: await redeemed, Released: await released);
        }));

        Assert.All(races, race => Assert.Equal([!race.Redeemed, !race.Redeemed], race.Released));
        var left = races.Count(race => race.Redeemed);
        Assert.Equal(left, await DrawnAsync(agreement));
        Assert.Equal((long)left, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        Assert.Equal(20L - left, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'draw-released'"));

        // What is left can be drawn, and not one more.
        if (left < 20)
            await DrawAsync(_server, 20 - left);
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(DrawAsync(_server, 1)));
    }

    [Fact]
    public async Task Only_a_draw_that_was_never_a_key_pack_is_given_back()
    {
        var agreement = await EnterAsync(10, _server);
        await _publisher.MintAsync();
        using var other = await _publisher.NewLicenseServerAsync();
        Assert.True(Statement.TryReadUnverified((await _server.RedeemAsync(_publisher, (await DrawAsync(_server, 2)).ProductKey)).KeyPack, out var payload));
        var number = (await _publisher.Administration.DrawsAsync(agreement.Id, null, 10, Cancellation)).Items.Single().Number;

        Assert.Equal((LicensingProblem.RuleForbids, "number"), await FaultAsync(_publisher.Administration.ReleaseDrawAsync(number, Cancellation)));
        // Transferred, and not redeemed since.
        await _publisher.Administration.TransferAsync(new(KeyPackStatement.Decode(payload).PackId, other.Id.Text), Cancellation);
        Assert.Equal((LicensingProblem.RuleForbids, "number"), await FaultAsync(_publisher.Administration.ReleaseDrawAsync(number, Cancellation)));
        _publisher.Time.Advance(TimeSpan.FromDays(60));
        await ReleaseOldAsync();
        Assert.Equal(2, await DrawnAsync(agreement));
        // One that was sold by itself is no draw.
        Assert.Equal((LicensingProblem.NotFound, "number"), await FaultAsync(_publisher.Administration.ReleaseDrawAsync(number == 1 ? 2 : 1, Cancellation)));
        Assert.Equal((LicensingProblem.InvalidField, "number"), await FaultAsync(_publisher.Administration.ReleaseDrawAsync(0, Cancellation)));
        Assert.Equal((LicensingProblem.NotFound, "id"), await FaultAsync(_publisher.Administration.DrawsAsync(99, null, 10, Cancellation)));
    }

    [Fact]
    public async Task What_is_not_there_and_what_is_anothers_is_answered_alike()
    {
        await EnterAsync(10, _server);
        using var other = await _publisher.NewLicenseServerAsync();

        var strange = await Assert.ThrowsAsync<ProblemException>(() => DrawAsync(other, 1));
        var unknown = await Assert.ThrowsAsync<ProblemException>(() => DrawAsync(other, 1, number: "7654321"));

        Assert.Equal((LicensingProblem.NotFound, strange.Message), (unknown.Problem, unknown.Message));
        Assert.Contains(other.Id.Text, strange.Message, StringComparison.Ordinal);
        // Long numbers are the papers themselves.
        await _publisher.Administration.AddAgreementAsync(
            new("open-license", ["ABCDE12345FGHIJ", "87654321"], "Engines Ltd", null, false, [new(CalType.User, Version, 3)], null), Cancellation);
        var drawn = await other.DrawAsync(_publisher, new("open-license", ["abcde-12345-fghij", "8765 4321"], CalType.User, Version, 3, RandomNumberGenerator.GetBytes(16), _publisher.Time.GetUtcNow()));
        Assert.NotNull(drawn.ProductKey);
    }

    [Fact]
    public async Task Its_end_its_limits_and_its_closing_hold()
    {
        var end = new DateTimeOffset(_publisher.Time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddDays(30);
        var agreement = await EnterAsync(10, end, term: true, _server);
        var key = (await DrawAsync(_server, 6)).ProductKey;
        var pack = await _server.RedeemAsync(_publisher, key);
        Assert.True(Statement.TryReadUnverified(pack.KeyPack, out var payload));
        Assert.Equal(end, KeyPackStatement.Decode(payload).ExpiresAt);

        Assert.Equal((LicensingProblem.RuleForbids, "limits"), await FaultAsync(_publisher.Administration.ChangeAgreementAsync(agreement.Id, new(null, [new(CalType.Device, Version, 5)], null, null), Cancellation)));
        Assert.Equal((LicensingProblem.RuleForbids, "limits"), await FaultAsync(_publisher.Administration.ChangeAgreementAsync(agreement.Id, new(null, [new(CalType.User, Version, 5)], null, null), Cancellation)));
        var more = await _publisher.Administration.ChangeAgreementAsync(agreement.Id, new(null, [new(CalType.Device, Version, 6), new(CalType.User, Version, 1)], null, null), Cancellation);
        Assert.Equal([new(CalType.Device, Version, 6, 6), new(CalType.User, Version, 1, 0)], more.Limits);
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(DrawAsync(_server, 1)));

        await _publisher.Administration.ChangeAgreementAsync(agreement.Id, new(null, [new(CalType.Device, Version, 20)], null, true), Cancellation);
        Assert.Contains("closed", (await Assert.ThrowsAsync<ProblemException>(() => DrawAsync(_server, 1))).Message, StringComparison.Ordinal);
        await _publisher.Administration.ChangeAgreementAsync(agreement.Id, new(null, null, null, false), Cancellation);
        Assert.NotNull((await DrawAsync(_server, 1)).ProductKey);
        _publisher.Time.Advance(TimeSpan.FromDays(31));
        Assert.Contains("ended on", (await Assert.ThrowsAsync<ProblemException>(() => DrawAsync(_server, 1))).Message, StringComparison.Ordinal);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Theory]
    [InlineData("retail", "1234567", "program")]
    [InlineData("select", "123456", "numbers")]
    [InlineData("select", "12345678", "numbers")]
    [InlineData("select", "ABCDEFG", "numbers")]
    [InlineData("open-license", "1234567", "numbers")]
    public async Task Programs_have_their_fields_and_formats(string program, string number, string field)
        => Assert.Equal(
            (LicensingProblem.InvalidField, field),
            await FaultAsync(_publisher.Administration.AddAgreementAsync(new(program, [number], "Engines Ltd", null, false, [new(CalType.Device, Version, 1)], [_server.Id.Text]), Cancellation)));

    [Fact]
    public async Task What_is_entered_wrongly_is_named()
    {
        foreach (var (request, field) in new (AddAgreementRequest, string)[]
        {
            (new("select", ["1234567"], "", null, false, [new(CalType.Device, Version, 1)], [_server.Id.Text]), "customer"),
            (new("select", ["1234567"], "Engines", null, false, [], [_server.Id.Text]), "limits"),
            (new("select", ["1234567"], "Engines", null, false, [new(CalType.Device, new(2023), 1)], [_server.Id.Text]), "limits"),
            (new("select", ["1234567"], "Engines", null, false, [new(CalType.Device, Version, 1), new(CalType.Device, Version, 2)], [_server.Id.Text]), "limits"),
            (new("select", ["1234567"], "Engines", null, false, [new(CalType.Device, Version, 1)], []), "licenseServers"),
            (new("select", ["1234567"], "Engines", null, false, [new(CalType.Device, Version, 1)], ["nonsense"]), "licenseServers"),
            (new("select", ["1234567"], "Engines", null, true, [new(CalType.Device, Version, 1)], [_server.Id.Text]), "until"),
            (new("select", ["1234567"], "Engines", _publisher.Time.GetUtcNow().AddDays(-1), false, [new(CalType.Device, Version, 1)], [_server.Id.Text]), "until"),
        })
            Assert.Equal((LicensingProblem.InvalidField, field), await FaultAsync(_publisher.Administration.AddAgreementAsync(request, Cancellation)));
        await EnterAsync(1, _server);
        Assert.Equal(LicensingProblem.AlreadyExists, await ProblemAsync(EnterAsync(1, _server)));
        Assert.Equal((LicensingProblem.InvalidField, "program"), await FaultAsync(_publisher.Administration.MintAsync(new(CalType.Device, Version, 1, 1, "select"), Cancellation)));
    }

    [Fact]
    public async Task By_the_page_a_license_server_without_a_network_draws_and_installs()
    {
        await using var server = await RunningLicenseServer.StartAsync(root: _publisher.Root);
        while (server.Time.GetUtcNow() < _publisher.Time.GetUtcNow())
            server.Time.Advance(TimeSpan.FromHours(12));
        var asked = await server.Administration.ActivationRequestAsync(Cancellation);
        var answer = await _publisher.Administration.TelephoneActivationAsync(new(asked.Groups, TestPublisher.Company), Cancellation);
        await server.Administration.ActivationAnswerAsync(new(null, answer.Groups, CertificateChain.ToPem([Issuing()])), Cancellation);
        await _publisher.Administration.AddAgreementAsync(new("school", ["1234567"], "Example School", null, false, [new(CalType.User, Version, 50)], [asked.LicenseServerId]), Cancellation);
        var wanted = new DrawPackRequest("school", ["1234567"], CalType.User, Version, 20);

        var wish = await server.Administration.DrawRequestAsync(wanted, Cancellation);
        Assert.Equal(wish.RequestCode.Length, (await server.Administration.DrawRequestAsync(wanted, Cancellation)).RequestCode.Length);
        var review = await PageAsync("web", wish.RequestCode);
        Assert.Contains("School Agreement, 1234567", review, StringComparison.Ordinal);
        Assert.Contains("50 are left", review, StringComparison.Ordinal);
        var pack = await server.Administration.DrawAnswerAsync(new(CodeOn(await PageAsync("web/answer", wish.RequestCode))), Cancellation);
        Assert.Equal((20, "school"), (pack.Quantity, pack.Program));
        Assert.Contains("drawn with this code before", await PageAsync("web", wish.RequestCode), StringComparison.Ordinal);
        var code = CodeOn(await PageAsync("web/answer", wish.RequestCode));
        Assert.Equal(pack.PackId, (await server.Administration.DrawAnswerAsync(new(code), Cancellation)).PackId);

        // What is wanted a second time is another draw.
        var more = await server.Administration.DrawRequestAsync(wanted, Cancellation);
        var second = await server.Administration.DrawAnswerAsync(new(CodeOn(await PageAsync("web/answer", more.RequestCode))), Cancellation);
        Assert.NotEqual(pack.PackId, second.PackId);
        Assert.Contains("10 of 50 User CALs of version 2022 left", await PageAsync("web", (await server.Administration.DrawRequestAsync(wanted, Cancellation)).RequestCode), StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_telephone_a_form_that_is_sent_twice_draws_once()
    {
        await EnterAsync(10, _server);
        await _publisher.StopClearinghouseAsync();
        await _publisher.StartClearinghouseAsync(_publisher.Options(operators: "127.0.0.1:0"));
        var token = (await new AccountsClient(_publisher.AdministrationHttp).CreateTokenAsync(new("desk", AccountRole.Operator, 1), Cancellation)).Token;
        var http = _publisher.NewClient(ClearinghouseRole.OperatorsAddressOf(_publisher.ClearinghouseApp));
        http.DefaultRequestHeaders.Add("Cookie", $"__Host-ostiary={token}");
        http.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        var form = new Dictionary<string, string>
        {
            ["draw"] = Draw().Match(await http.GetStringAsync("operator/agreement", Cancellation)).Groups[1].Value,
            ["program"] = "select",
            ["number1"] = "12-345-67",
            ["number2"] = "",
            ["type"] = "Device",
            ["version"] = "2022",
            ["quantity"] = "4",
        };
        foreach (var (group, index) in _server.Id.Text.Split('-').Select((group, index) => (group, index)))
            form[$"s{index + 1}"] = group;

        var wrong = await PostAsync(http, new(form) { ["quantity"] = "40" });
        Assert.Contains("The agreement has 10 of 10 Device CALs of version 2022 left; 40 were asked for.", wrong, StringComparison.Ordinal);
        Assert.Contains("value=\"12-345-67\"", wrong, StringComparison.Ordinal);
        var first = Group().Matches(await PostAsync(http, form)).Select(match => match.Groups[1].Value);
        var second = Group().Matches(await PostAsync(http, form)).Select(match => match.Groups[1].Value);

        Assert.Equal(5, first.Count());
        Assert.Equal(first, second);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM ProductKeys"));
        Assert.NotEmpty((await _publisher.Administration.TelephoneRedemptionAsync(new(_server.Id.Text, string.Join('-', first)), Cancellation)).Groups);
    }

    private Task ReleaseOldAsync() => _publisher.ClearinghouseApp.Services.GetRequiredService<ReleaseDraws>().RunAsync(Cancellation);

    private async Task<int> DrawnAsync(AgreementRecord agreement) => (await _publisher.Administration.AgreementAsync(agreement.Id, Cancellation)).Limits.Single().Drawn;

    /// <summary>Whether it was done, or forbidden by a rule.</summary>
    private static async Task<bool> TriedAsync<T>(Func<Task<T>> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (ProblemException forbidden) when (forbidden.Problem == LicensingProblem.RuleForbids)
        {
            return false;
        }
    }

    private Task<AgreementRecord> EnterAsync(int quantity, params TestLicenseServer[] servers) => EnterAsync(quantity, null, false, servers);

    private Task<AgreementRecord> EnterAsync(int quantity, DateTimeOffset? until, bool term, params TestLicenseServer[] servers)
        => _publisher.Administration.AddAgreementAsync(
            new("select", ["1234567"], "Engines Ltd", until, term, [new(CalType.Device, Version, quantity)], [.. servers.Select(server => server.Id.Text)]), Cancellation);

    private Task<Ostiary.Contracts.Activation.DrawCalsResponse> DrawAsync(TestLicenseServer server, int quantity, byte[]? nonce = null, string number = "1234567")
        => server.DrawAsync(_publisher, new("select", [number], CalType.Device, Version, quantity, nonce ?? RandomNumberGenerator.GetBytes(DrawRequest.NonceLength), _publisher.Time.GetUtcNow()));

    private System.Security.Cryptography.X509Certificates.X509Certificate2 Issuing()
        => System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_publisher.At("signer"), "issuing.pem"));

    private async Task<string> PageAsync(string path, string code)
    {
        using var response = await _publisher.Http.PostAsync(path, new FormUrlEncodedContent(new Dictionary<string, string> { ["code"] = code }), Cancellation);
        return WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<string> PostAsync(HttpClient http, Dictionary<string, string> form)
    {
        using var response = await http.PostAsync("operator/agreement", new FormUrlEncodedContent(form), Cancellation);
        return WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static string CodeOn(string page) => Code().Match(page) is { Success: true } match ? match.Value : throw new InvalidOperationException(page);

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;

    private static async Task<(LicensingProblem, string?)> FaultAsync(Task call) => await Assert.ThrowsAsync<ProblemException>(() => call) is var fault ? (fault.Problem, fault.Field) : default;

    [GeneratedRegex("OSTIARY-RESPONSE:[0-9A-Z]+")]
    private static partial Regex Code();

    [GeneratedRegex("name=\"draw\" value=\"([0-9a-f]{32})\"")]
    private static partial Regex Draw();

    [GeneratedRegex("<td class=\"code\">([0-9A-Z]{5})</td>")]
    private static partial Regex Group();
}
