using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>A person who brings request codes to the clearinghouse's page, and takes response codes back.</summary>
internal static partial class CarryingPerson
{
    /// <summary>The 38 bytes in a code; the proof beside them is another signature at every call.</summary>
    public static byte[] RequestOf(this CarriedExchange asked)
    {
        Assert.True(RequestCode.TryParse(asked.RequestCode, out var code, out var error), error);
        return code.ReadActivation().Request;
    }

    /// <summary>What the page says before anything is done.</summary>
    public static async Task<string> ReviewAsync(this TestPublisher publisher, string code)
    {
        var (status, page) = await publisher.PostAsync("web", new() { ["code"] = code });
        Assert.True(status == HttpStatusCode.OK, page);
        return page;
    }

    /// <summary>The response code; fields of both forms are filled in, and the page takes those that it asks for.</summary>
    public static async Task<string> CarryAsync(this TestPublisher publisher, string code)
    {
        var (status, page) = await publisher.PostAsync("web/answer", Filled(code));
        if (status == HttpStatusCode.InternalServerError)
            throw new PageFailedException(page);
        Assert.True(status == HttpStatusCode.OK, page);
        return WebUtility.HtmlDecode(AnswerOnPage().Match(page).Groups[1].Value);
    }

    /// <summary>Activates a license server by a connection method.</summary>
    /// <returns>The signature of its certificate.</returns>
    public static async Task<byte[]> ActivateByAsync(this TestLicenseServer server, TestPublisher publisher, ConnectionMethod method)
    {
        var asked = server.NewActivation();
        switch (method)
        {
            case ConnectionMethod.Web:
                Assert.True(ResponseCode.TryParse(await publisher.CarryAsync(RequestCode.Activation(asked.Request, asked.Proof).Text), out var code, out _));
                return code.ReadActivation()!.Value.Answer.Signature;
            case ConnectionMethod.Telephone:
                var spoken = await publisher.Administration.TelephoneActivationAsync(new(SpokenForm.ActivationRequest.Write(asked.Request), TestPublisher.Company), TestPublisher.Cancellation);
                Assert.True(SpokenForm.ActivationAnswer.TryRead(spoken.Groups, out var bytes, out _));
                return ActivationAnswer.Decode(bytes).Signature;
            default:
                return (await server.ActivateAsync(publisher)).Signature;
        }
    }

    /// <summary>Redeems a product key by a connection method.</summary>
    /// <returns>The signed statement.</returns>
    public static async Task<byte[]> RedeemByAsync(this TestLicenseServer server, TestPublisher publisher, string productKey, ConnectionMethod method)
    {
        switch (method)
        {
            case ConnectionMethod.Web:
                Assert.True(ResponseCode.TryParse(
                    await publisher.CarryAsync(new RequestCode(CodeKind.KeyPack, server.NewRedemption(publisher, productKey).Request).Text), out var code, out _));
                return code.ReadKeyPack()!.Value.Statement;
            case ConnectionMethod.Telephone:
                var spoken = await publisher.Administration.TelephoneRedemptionAsync(new(server.Id.Text, productKey), TestPublisher.Cancellation);
                Assert.True(SpokenForm.KeyPackAnswer.TryRead(spoken.Groups, out var bytes, out _));
                Assert.True(ProductKey.TryParse(productKey, out var key, out _));
                using (var issuing = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(publisher.At("signer"), "issuing.pem")))
                    return KeyPackAnswer.Decode(bytes).TryAssemble(key, KeyFingerprint.Of(server.Key), issuing) ?? throw new CryptographicException("the groups do not verify");
            default:
                return (await server.RedeemAsync(publisher, productKey)).KeyPack;
        }
    }

    public static Dictionary<string, string> Filled(string code) => new()
    {
        ["code"] = code,
        ["firstName"] = "Ada",
        ["lastName"] = "Lovelace",
        ["company"] = "Engines Ltd",
        ["country"] = "GB",
        ["email"] = "ada@example.org",
        ["phone"] = "",
    };

    public static async Task<(HttpStatusCode Status, string Page)> PostAsync(this TestPublisher publisher, string path, Dictionary<string, string> form)
    {
        using var response = await publisher.Http.PostAsync(path, new FormUrlEncodedContent(form), TestPublisher.Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestPublisher.Cancellation));
    }

    [GeneratedRegex("<textarea id=\"answer\"[^>]*>([^<]+)</textarea>")]
    private static partial Regex AnswerOnPage();
}

/// <summary>The clearinghouse's page says that something failed inside.</summary>
internal sealed class PageFailedException(string page) : Exception(page);
