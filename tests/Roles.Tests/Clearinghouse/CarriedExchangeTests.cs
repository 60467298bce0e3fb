using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>
/// A license server that reaches no clearinghouse, and a clearinghouse that is never called by it: what people carry between the two, by its page and by
/// telephone, makes the same rows and the same signed bytes as the automatic way.
/// </summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed partial class CarriedExchangeTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _server = await RunningLicenseServer.StartAsync(root: _publisher.Root);
        while (_server.Time.GetUtcNow() < _publisher.Time.GetUtcNow())
            _server.Time.Advance(TimeSpan.FromHours(12));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task By_the_page_a_license_server_is_activated_and_a_pack_is_installed()
    {
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        Assert.Contains(asked.LicenseServerId, await PageAsync("web", new() { ["code"] = asked.RequestCode }), StringComparison.Ordinal);
        var answer = await PageAsync("web/answer", Company(asked.RequestCode));
        var status = await _server.Administration.ActivationAnswerAsync(new(CodeOn(answer)), Cancellation);
        Assert.True(status.Activated);
        Assert.Contains("activated with this code before", await PageAsync("web", new() { ["code"] = asked.RequestCode }), StringComparison.Ordinal);

        var key = await _publisher.MintAsync(quantity: 7);
        var wish = await _server.Administration.PackRequestAsync(new(key), Cancellation);
        var review = await PageAsync("web", new() { ["code"] = wish.RequestCode });
        Assert.Contains("7 Ostiary Device CALs, version 2022, License Pack (Retail Purchase)", review, StringComparison.Ordinal);
        Assert.Equal(0, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        var pack = await _server.Administration.PackAnswerAsync(new(key, CodeOn(await PageAsync("web/answer", new() { ["code"] = wish.RequestCode }))), Cancellation);

        Assert.Equal((7, KeyPackAnswer.PackIdOf(Key(key), _server.Ledger.Identity.Key.Fingerprint)), (pack.Quantity, pack.PackId));
        Assert.Equal((1, 1), (_publisher.Query<long>("SELECT COUNT(*) FROM Activations"), _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks")));
        Assert.DoesNotContain(_publisher.LogLines, line => line.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task By_telephone_the_signed_bytes_are_those_of_the_automatic_way()
    {
        // Begun by the page, finished by telephone: the same request, the same row, the same signature.
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        Assert.Equal(asked.Groups, (await _server.Administration.ActivationRequestAsync(Cancellation)).Groups);
        var answer = await _publisher.Administration.TelephoneActivationAsync(new(asked.Groups, TestPublisher.Company), Cancellation);
        Assert.Equal((asked.LicenseServerId, 23), (answer.LicenseServerId, answer.Groups.Count));
        var byPage = CodeOn(await PageAsync("web/answer", Company(asked.RequestCode)));
        await _server.Administration.ActivationAnswerAsync(new(null, answer.Groups, Issuing()), Cancellation);
        Assert.True(ResponseCode.TryParse(byPage, out var code, out _));
        Assert.Equal(code.ReadActivation()!.Value.Answer.Encode(), Bytes(SpokenForm.ActivationAnswer, answer.Groups));

        // The pack: spoken, and then asked for automatically with the license server's own request.
        var key = await _publisher.MintAsync();
        var spoken = await _publisher.Administration.TelephoneRedemptionAsync(new(asked.LicenseServerId, key), Cancellation);
        var wish = await _server.Administration.PackRequestAsync(new(key), Cancellation);
        Assert.True(RequestCode.TryParse(wish.RequestCode, out var request, out _));
        var automatic = await _publisher.Client.RedeemAsync(new(request.Content, wish.Certificate), Cancellation);
        var pack = await _server.Administration.PackAnswerAsync(new(key, null, spoken.Groups), Cancellation);

        Assert.Equal(5, pack.Quantity);
        using var issuing = CertificateChain.FromPem(automatic.IssuingCertificate)[0];
        Assert.Equal(automatic.KeyPack, KeyPackAnswer.Decode(Bytes(SpokenForm.KeyPackAnswer, spoken.Groups)).TryAssemble(Key(key), _server.Ledger.Identity.Key.Fingerprint, issuing));
        Assert.Equal((1, 1), (_publisher.Query<long>("SELECT COUNT(*) FROM Activations"), _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks")));
    }

    [Fact]
    public async Task An_answer_that_is_changed_anywhere_never_verifies()
    {
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        var answer = Bytes(SpokenForm.ActivationAnswer, (await _publisher.Administration.TelephoneActivationAsync(new(asked.Groups, TestPublisher.Company), Cancellation)).Groups);
        foreach (var bit in Enumerable.Range(0, answer.Length * 8).Where(_ => RandomNumberGenerator.GetInt32(6) == 0).Append(0).Append((answer.Length * 8) - 1))
        {
            var changed = (byte[])answer.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            var refused = await Assert.ThrowsAsync<ProblemException>(
                () => _server.Administration.ActivationAnswerAsync(new(null, SpokenForm.ActivationAnswer.Write(changed), Issuing()), Cancellation));
            Assert.Contains(refused.Problem, new[] { LicensingProblem.SignatureInvalid, LicensingProblem.NotFound });
        }

        Assert.False((await _server.Administration.StatusAsync(Cancellation)).Activated);
    }

    [Fact]
    public async Task Wrong_groups_are_named_and_a_missing_issuing_certificate_too()
    {
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        var wrong = asked.Groups.ToList();
        (wrong[2], wrong[7]) = (wrong[7], wrong[2]);
        var refused = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.TelephoneActivationAsync(new(wrong, TestPublisher.Company), Cancellation));
        Assert.Equal(("groups", "group 3 has a wrong symbol, or is group 8; group 8 has a wrong symbol, or is group 3"), (refused.Field, refused.Message));

        var answer = await _publisher.Administration.TelephoneActivationAsync(new(asked.Groups, TestPublisher.Company), Cancellation);
        var missing = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ActivationAnswerAsync(new(null, answer.Groups), Cancellation));
        Assert.Equal((LicensingProblem.NotFound, "issuingCertificates"), (missing.Problem, missing.Field));
    }

    [Fact]
    public async Task The_page_says_what_is_wrong_and_keeps_what_was_typed()
    {
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        var (status, page) = await PostAsync("web", new() { ["code"] = "<script>alert(1)</script>" });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);

        var form = Company(asked.RequestCode);
        (form["country"], form["company"], form["lastName"]) = ("XX", "", "Love\"lace<b>");
        (status, page) = await PostAsync("web/answer", form);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("Company is required", page, StringComparison.Ordinal);
        Assert.Contains("Country or region is two capital letters of ISO 3166-1", page, StringComparison.Ordinal);
        Assert.Contains("Love&quot;lace&lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Equal(0, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));

        // A request that somebody else's key has not signed is nobody's.
        Assert.True(RequestCode.TryParse(asked.RequestCode, out var code, out _));
        var forged = (byte[])code.Content.Clone();
        forged[^1] ^= 1;
        (status, page) = await PostAsync("web", new() { ["code"] = new RequestCode(CodeKind.Activation, forged).Text });
        Assert.Contains("not a signature by the key in the request", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_another_license_server_is_told_so_before_anything_is_done()
    {
        using var other = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        await other.RedeemAsync(_publisher, key);
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        await _server.Administration.ActivationAnswerAsync(new(CodeOn(await PageAsync("web/answer", Company(asked.RequestCode)))), Cancellation);
        var wish = await _server.Administration.PackRequestAsync(new(key), Cancellation);

        var page = await PageAsync("web", new() { ["code"] = wish.RequestCode });
        var (status, _) = await PostAsync("web/answer", new() { ["code"] = wish.RequestCode });

        Assert.Contains("installed on another license server", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<button", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, status);
    }

    private static ProductKey Key(string text) => ProductKey.TryParse(text, out var key, out _) ? key : throw new InvalidOperationException();

    private static byte[] Bytes(SpokenForm form, IReadOnlyList<string> groups)
    {
        Assert.True(form.TryRead(groups, out var bytes, out var errors), string.Join('\n', errors));
        return bytes;
    }

    private static Dictionary<string, string> Company(string code) => new()
    {
        ["code"] = code,
        ["firstName"] = "Ada",
        ["lastName"] = "Lovelace",
        ["company"] = "Engines Ltd",
        ["country"] = "GB",
    };

    private string Issuing() => File.ReadAllText(Path.Combine(_publisher.At("signer"), "issuing.pem"));

    private static string CodeOn(string page) => WebUtility.HtmlDecode(AnswerOnPage().Match(page).Groups[1].Value);

    [GeneratedRegex("<textarea id=\"answer\"[^>]*>([^<]+)</textarea>")]
    private static partial Regex AnswerOnPage();

    private async Task<string> PageAsync(string path, Dictionary<string, string> form)
    {
        var (status, page) = await PostAsync(path, form);
        Assert.True(status == HttpStatusCode.OK, page);
        return page;
    }

    private async Task<(HttpStatusCode Status, string Page)> PostAsync(string path, Dictionary<string, string> form)
    {
        using var response = await _publisher.Http.PostAsync(path, new FormUrlEncodedContent(form), Cancellation);
        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }
}
