using System.Diagnostics;
using System.Net.Sockets;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests;

/// <summary>The PAM hook alone, started as pam_exec starts it: no PATH, no HOME, PAM's variables.</summary>
public sealed class LogonHookTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Socket => _scratch["logon.sock"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task It_reports_name_uid_and_service_and_admits()
    {
        await using var role = new LogonSocket(Socket, """{"admit":true,"reason":""}""");

        var hook = await RunAsync("nobody", ("PAM_RHOST", "192.0.2.7"));

        Assert.Equal(new ProcessResult(0, ""), hook);
        Assert.Equal(
            """{"kind":"logon","user":"nobody","uid":65534,"local":true,"administrator":false,"service":"xrdp-sesman","rhost":"192.0.2.7"}""",
            Assert.Single(role.Reports).GetRawText());
    }

    [Fact]
    public async Task A_refusal_is_one_line_whatever_the_reason_holds()
    {
        await using var role = new LogonSocket(Socket, """{"admit":false,"reason":"no\n++ created session\u2028x"}""");

        Assert.Equal(new ProcessResult(1, "ostiary: refused: no ++ created session x\n"), await RunAsync("nobody"));
        Assert.Equal(1, (await RunAsync("root")).ExitCode);
    }

    [Theory]
    [InlineData("nobody\n++ created session (access granted): username root")]
    [InlineData("nobody\n")]
    [InlineData("")]
    [InlineData("no-such-person")]
    public async Task A_name_without_an_account_is_refused_and_never_reported(string name)
    {
        await using var role = new LogonSocket(Socket, """{"admit":true}""");

        var hook = await RunAsync(name);

        Assert.Equal(1, hook.ExitCode);
        Assert.Equal(1, hook.Output.Count(c => c == '\n'));
        Assert.Empty(role.Reports);
    }

    [Fact]
    public async Task A_name_longer_than_256_bytes_is_refused()
    {
        var hook = await RunAsync(new string('x', 257));

        Assert.Equal(new ProcessResult(1, "ostiary: refused: PAM_USER is empty, not UTF-8, or longer than 256 bytes\n"), hook);
    }

    [Fact]
    public async Task Another_phase_than_account_is_refused()
    {
        await using var role = new LogonSocket(Socket, """{"admit":true}""");

        Assert.Equal(1, (await RunAsync("nobody", ("PAM_TYPE", "open_session"))).ExitCode);
        Assert.Empty(role.Reports);
    }

    [Theory]
    [InlineData("[true]")]
    [InlineData("{}")]
    [InlineData("""{"admit":"true"}""")]
    [InlineData("admit")]
    public async Task An_answer_that_is_none_counts_as_a_role_that_is_down(string answer)
    {
        await using var role = new LogonSocket(Socket, answer);

        Assert.Equal(1, (await RunAsync("nobody")).ExitCode);
        Assert.Equal(0, (await RunAsync("root")).ExitCode);
    }

    [Fact]
    public async Task An_answer_over_4096_bytes_is_not_taken()
    {
        await using var role = new LogonSocket(Socket, """{"admit":true}""".PadRight(4097));

        Assert.Equal(1, (await RunAsync("nobody")).ExitCode);
    }

    [Fact]
    public async Task While_the_role_is_down_only_administrators_get_on()
    {
        Assert.Equal(1, (await RunAsync("nobody")).ExitCode);
        Assert.Equal(0, (await RunAsync("root")).ExitCode);
        Assert.Equal(0, (await RunAsync("nobody", ["--administrators", "no-such-group,nogroup"])).ExitCode);
        Assert.Equal(1, (await RunAsync("nobody", ["--administrators", "no-such-group,sudo"])).ExitCode);
    }

    [Fact]
    public async Task A_silent_role_is_given_up_after_2_seconds()
    {
        await using var role = new LogonSocket(Socket, answer: null);

        var clock = Stopwatch.StartNew();
        var hook = await RunAsync("nobody");

        Assert.Equal(1, hook.ExitCode);
        Assert.InRange(clock.Elapsed.TotalSeconds, 1.9, 3.5);
    }

    [Fact]
    public async Task A_role_whose_queue_is_full_is_given_up_after_2_seconds()
    {
        using var stuck = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stuck.Bind(new UnixDomainSocketEndPoint(Socket));
        stuck.Listen(0);
        using var waiting = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await waiting.ConnectAsync(new UnixDomainSocketEndPoint(Socket), Cancellation);

        var clock = Stopwatch.StartNew();
        var hook = await RunAsync("nobody");

        Assert.Equal(1, hook.ExitCode);
        Assert.InRange(clock.Elapsed.TotalSeconds, 1.9, 3.5);
    }

    private Task<ProcessResult> RunAsync(string user, params (string Name, string Value)[] more) => RunAsync(user, [], more);

    private async Task<ProcessResult> RunAsync(string user, string[] options, params (string Name, string Value)[] more)
    {
        var environment = System.Environment.GetEnvironmentVariables().Keys.Cast<string>().ToDictionary(name => name, _ => (string?)null);
        environment["PAM_TYPE"] = "account";
        environment["PAM_USER"] = user;
        environment["PAM_SERVICE"] = "xrdp-sesman";
        foreach (var (name, value) in more)
            environment[name] = value;
        return await PeerProcess.RunAsync(
            Built.LogonHelper, ["pam", Socket, .. options], TimeSpan.FromSeconds(10), Cancellation, environment: environment);
    }
}
