using System.Net;
using System.Text.RegularExpressions;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
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
        Assert.True(status == HttpStatusCode.OK, page);
        return WebUtility.HtmlDecode(AnswerOnPage().Match(page).Groups[1].Value);
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
