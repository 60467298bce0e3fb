using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Rules;

/// <summary>The hook stands in xrdp's PAM service alone: with no role behind it, everybody still gets on by ssh and at the console.</summary>
public sealed class HookScopeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ssh_and_console_logons_are_not_touched()
    {
        using var scratch = new ScratchFolder();
        await using var xrdp = await PrivateXrdp.StartAsync(new() { LogonSocket = scratch["logon.sock"] }, Cancellation);

        Assert.Equal(0, (await xrdp.RunAsync("mkdir -p /run/sshd /home/alice/.ssh && ssh-keygen -q -t ed25519 -N '' -f /run/host_key && ssh-keygen -q -t ed25519 -N '' -f /run/key && cp /run/key.pub /home/alice/.ssh/authorized_keys && chown -R alice: /home/alice/.ssh && chmod 700 /home/alice/.ssh", Cancellation)).ExitCode);
        Assert.Equal(0, (await xrdp.RunAsync("/usr/sbin/sshd -f /dev/null -h /run/host_key -o UsePAM=yes -o PidFile=/run/sshd.pid -p 22", Cancellation)).ExitCode);
        var ssh = await xrdp.RunAsync("ssh -i /run/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR alice@127.0.0.1 id -un", Cancellation);
        Assert.Equal((0, "alice"), (ssh.ExitCode, ssh.Output.Trim()));

        // login asks PAM (service login) for the account, as getty's does at a console.
        var console = await xrdp.RunAsync("script -qec 'login -f alice' /dev/null <<< 'id -un; exit'", Cancellation);
        Assert.Contains("alice", console.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await xrdp.RunAsync("su - alice -c true", Cancellation)).ExitCode);

        // The same account is refused by xrdp's service, where the hook stands.
        var rdp = await xrdp.RunAsync("xrdp-sesrun -h 2>/dev/null; grep -l pam_exec.so /etc/pam.d/*", Cancellation);
        Assert.Equal("/etc/pam.d/xrdp-sesman", rdp.Output.Trim().Split('\n')[^1]);
    }
}
