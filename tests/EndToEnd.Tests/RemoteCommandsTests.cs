using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests;

/// <summary>The command line at a license server elsewhere: signing in, working, and being told no.</summary>
public sealed class RemoteCommandsTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private readonly ScratchFolder _folder = new();
    private readonly RoleProcess _licenseServer;
    private readonly string _server;

    public RemoteCommandsTests()
    {
        var (hosts, administration) = (FreePort(), FreePort());
        _server = $"https://127.0.0.1:{administration}";
        _licenseServer = new(
            "license-server", _folder["state"], "admin.sock", new Dictionary<string, string?>(),
            [$"LicenseServer:Listen=127.0.0.1:{hosts}", $"LicenseServer:AdministrationListen=127.0.0.1:{administration}"]);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Config => _folder["config"];

    public async ValueTask InitializeAsync() => await _licenseServer.StartAsync(Cancellation);

    public async ValueTask DisposeAsync()
    {
        await _licenseServer.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_administrator_signs_in_works_and_signs_out()
    {
        Assert.Equal(0, (await LocallyAsync(Password + "\n", "accounts", "add", "alice", "--role", "administrator", "--password-stdin")).ExitCode);
        var pinned = JsonDocument.Parse((await LocallyAsync("", "server", "status", "--json")).Output).RootElement.GetProperty("keyFingerprint").GetString()!;

        Assert.Equal(2, (await RemotelyAsync(Password + "\n", null, "login", "--name", "alice", "--password-stdin")).ExitCode);
        Assert.Equal(4, (await RemotelyAsync("not the password\n", null, "login", "--name", "alice", "--password-stdin", "--fingerprint", pinned)).ExitCode);
        Assert.Equal(3, (await RemotelyAsync(Password + "\n", null, "login", "--name", "alice", "--password-stdin", "--fingerprint", new string('0', 64))).ExitCode);
        Assert.Equal(0, (await RemotelyAsync(Password + "\n", null, "login", "--name", "alice", "--password-stdin", "--fingerprint", pinned)).ExitCode);

        var kept = Path.Combine(Config, "ostiary", "logins.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
        Assert.DoesNotContain(Password, await File.ReadAllTextAsync(kept, Cancellation), StringComparison.Ordinal);
        Assert.Contains("alice (administrator", (await RemotelyAsync("", null, "whoami")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RemotelyAsync("", null, "hosts", "list")).ExitCode);
        Assert.Contains("account-added", (await RemotelyAsync("", null, "audit", "list")).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await RemotelyAsync("", null, "logout")).ExitCode);
        Assert.Equal(4, (await RemotelyAsync("", null, "whoami")).ExitCode);
    }

    [Fact]
    public async Task A_program_shows_a_token_from_the_environment_and_does_what_its_role_lets_it()
    {
        var made = JsonDocument.Parse((await LocallyAsync("", "tokens", "create", "ci", "--role", "reader", "--days", "1", "--json")).Output).RootElement;
        var token = made.GetProperty("token").GetString()!;
        var pinned = JsonDocument.Parse((await LocallyAsync("", "server", "status", "--json")).Output).RootElement.GetProperty("keyFingerprint").GetString()!;

        var read = await RemotelyAsync("", token, "packs", "list", "--json", "--fingerprint", pinned);
        var write = await RemotelyAsync("", token, "hosts", "invite", "--json", "--fingerprint", pinned);
        Assert.Equal(0, (await LocallyAsync("", "tokens", "revoke", made.GetProperty("record").GetProperty("id").GetString()!)).ExitCode);
        var after = await RemotelyAsync("", token, "packs", "list", "--json", "--fingerprint", pinned);

        Assert.Equal(0, JsonDocument.Parse(read.Output).RootElement.GetProperty("items").GetArrayLength());
        Assert.Equal((4, "not-allowed"), (write.ExitCode, JsonDocument.Parse(write.Output).RootElement.GetProperty("code").GetString()));
        Assert.Equal((4, "not-authenticated"), (after.ExitCode, JsonDocument.Parse(after.Output).RootElement.GetProperty("code").GetString()));
        Assert.False(Directory.Exists(Config));
    }

    [Fact]
    public async Task A_password_is_no_argument_and_tokens_that_are_open_to_others_are_not_used()
    {
        Assert.Equal(2, (await LocallyAsync("", "accounts", "add", "alice", "--role", "reader", "--password", Password)).ExitCode);
        Assert.Equal(2, (await LocallyAsync("", "accounts", "add", "alice", "--role", "reader")).ExitCode);

        Directory.CreateDirectory(Path.Combine(Config, "ostiary"));
        var kept = Path.Combine(Config, "ostiary", "logins.json");
        await File.WriteAllTextAsync(kept, "{}", Cancellation);
        File.SetUnixFileMode(kept, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var open = await RemotelyAsync("", null, "whoami");

        Assert.Equal(2, open.ExitCode);
        Assert.Contains("chmod 600", open.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_command_is_on_the_page_and_each_that_asks_a_license_server_asks_one_elsewhere_too()
    {
        var page = CommandsOnThePage();

        var program = new Dictionary<string, bool>();
        await foreach (var (command, help) in CommandsOfTheProgramAsync(""))
            program.Add(command, help.Contains("--server", StringComparison.Ordinal));

        Assert.Equal(page.Keys.Order(StringComparer.Ordinal), program.Keys.Order(StringComparer.Ordinal));
        Assert.Contains(page, command => command.Value);
        Assert.All(page, command => Assert.True(
            program[command.Key] == command.Value,
            $"'ostiary {command.Key}' {(command.Value ? "asks a license server, but has no --server" : "asks no license server, but has --server")}"));
    }

    /// <summary>The commands of the table in docs/cli.md, and whether they ask a license server.</summary>
    private static Dictionary<string, bool> CommandsOnThePage()
        => File.ReadLines(Path.Combine(Built.Root, "docs", "cli.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => Regex.Split(line, @"(?<!\\)\|"))
            .Where(cells => cells.Length == 5)
            .SelectMany(cells => Regex.Matches(cells[1], "`([^`]+)`").Select(match => (
                Command: string.Join(' ', match.Groups[1].Value.Split(' ').TakeWhile(word => Regex.IsMatch(word, "^[a-z][a-z-]*$"))),
                AsksServer: cells[2].Contains("license server", StringComparison.Ordinal))))
            .DistinctBy(row => row.Command).ToDictionary(row => row.Command, row => row.AsksServer);

    /// <summary>The commands without commands below, each with its help.</summary>
    private async IAsyncEnumerable<(string Command, string Help)> CommandsOfTheProgramAsync(string above)
    {
        var help = (await RunAsync("", null, [.. above.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"])).Output;
        var below = help.Split('\n').SkipWhile(line => line != "Commands:").Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal))
            .Where(line => line[2] != ' ').Select(line => line.Trim().Split(' ')[0]).ToList();
        if (below.Count == 0)
            yield return (above, help);
        foreach (var name in below)
            await foreach (var command in CommandsOfTheProgramAsync($"{above} {name}".TrimStart()))
                yield return command;
    }

    private Task<ProcessResult> LocallyAsync(string input, params string[] arguments) => RunAsync(input, null, [.. arguments, "--state", _folder["state"]]);

    private Task<ProcessResult> RemotelyAsync(string input, string? token, params string[] arguments) => RunAsync(input, token, [.. arguments, "--server", _server]);

    private Task<ProcessResult> RunAsync(string input, string? token, string[] arguments)
        => PeerProcess.RunAsync(
            Built.Ostiary, arguments, TimeSpan.FromSeconds(60), Cancellation, input,
            new Dictionary<string, string?> { ["XDG_CONFIG_HOME"] = Config, ["OSTIARY_TOKEN"] = token, ["OSTIARY_SERVER"] = null });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
