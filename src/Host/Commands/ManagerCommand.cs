using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Headers;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Roles;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary manager</c>, also <c>licmgr</c>: the Licensing Manager in a browser.</summary>
internal static class ManagerCommand
{
    /// <summary>The name under which the executable is <c>ostiary manager open</c>.</summary>
    public const string Alias = "licmgr";

    private const int TokenDays = 1;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static Command Create() => new("manager", "The Licensing Manager in a browser.") { Open() };

    private static Command Open()
    {
        var manager = new Option<Uri?>("--manager") { Description = "Where the Manager is (default: the one that runs with the license server of this machine).", HelpName = "URL" };
        var print = new Option<bool>("--print") { Description = "Prints the link, and opens no browser." };
        var role = new Option<AccountRole>("--role") { Description = "What one may do there.", DefaultValueFactory = _ => AccountRole.Administrator };
        return new Command("open", "Prints a link that signs in once, within two minutes, and opens it where there is a browser.") { manager, print, role }.Calls(
            ServerCommand.Role,
            async (client, parse, cancellation) =>
            {
                var address = parse.GetValue(manager) ?? AddressOf(GlobalOptions.StateDirectory(parse));
                var name = $"manager-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss.fff}";
                var token = await new AccountsClient(client).CreateTokenAsync(new(name, parse.GetValue(role), TokenDays), cancellation);
                return new SignInLink(await LinkAsync(address, token.Token, cancellation), !parse.GetValue(print));
            },
            (screen, link) =>
            {
                screen.Line(link.Url);
                if (link.MayOpen && (Environment.GetEnvironmentVariable("DISPLAY") ?? Environment.GetEnvironmentVariable("WAYLAND_DISPLAY")) is { Length: > 0 })
                    OpenBrowser(link.Url);
            });
    }

    private static Uri AddressOf(string state)
    {
        var file = ManagerCompanion.AddressFile(state);
        return File.Exists(file) && Uri.TryCreate(File.ReadAllText(file), UriKind.Absolute, out var address)
            ? address
            : throw new UsageException("no Licensing Manager runs with the license server of this machine; name it with --manager URL, or see the setting Manager:Listen");
    }

    private static async Task<string> LinkAsync(Uri manager, string token, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = manager, Timeout = Timeout };
        using var request = new HttpRequestMessage(HttpMethod.Post, "sign-in/links");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var answer = await http.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            return answer.IsSuccessStatusCode ? text : throw new ProblemException(LicensingProblem.Unreachable, $"the Licensing Manager at {manager} says: {text}");
        }
        catch (HttpRequestException away)
        {
            throw new ProblemException(LicensingProblem.Unreachable, $"the Licensing Manager at {manager} does not answer: {away.Message}");
        }
    }

    private static void OpenBrowser(string url)
    {
        try
        {
            using var browser = Process.Start(new ProcessStartInfo("xdg-open", [url]) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // No such program: the link was printed.
        }
    }
}

/// <summary>A link that signs in once.</summary>
internal sealed record SignInLink(string Url, bool MayOpen)
{
    /// <summary>Says nothing: the link is a secret.</summary>
    public override string ToString() => nameof(SignInLink);
}
