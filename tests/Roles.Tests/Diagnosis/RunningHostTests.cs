using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.SessionHost.Grace;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>Faults brought about at a session host that runs, found, and mended as it is printed.</summary>
public sealed class RunningHostTests : IAsyncLifetime
{
    private DiagnosedHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await DiagnosedHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Settings_of_xrdp_and_PAM_that_go_around_the_rules_are_found_until_they_are_changed()
    {
        await File.WriteAllTextAsync(_host.XrdpIni, DiagnosedHost.GoodXrdp + "[vnc-any]\nlib=libvnc.so\nport=ask5900\n", Cancellation);
        Assert.Contains("vnc-any", Assert.Single(await _host.BecomesAsync("xrdp-section-around-sesman")).Evidence, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_host.XrdpIni, DiagnosedHost.GoodXrdp + "[vnc-any]\nlib=libvnc.so\nport=-1\n", Cancellation);
        await _host.BecomesAsync();

        await File.WriteAllTextAsync(_host.XrdpIni, DiagnosedHost.GoodXrdp + new string('#', 1024 * 1024), Cancellation);
        await _host.BecomesAsync("xrdp-settings-unreadable");
        await File.WriteAllTextAsync(_host.XrdpIni, DiagnosedHost.GoodXrdp, Cancellation);
        await _host.BecomesAsync();

        foreach (var wrong in new[] { "@include common-account\n", "# " + _host.HookLine, _host.HookLine.Replace("required", "optional", StringComparison.Ordinal), _host.HookLine.Replace("account", "session", StringComparison.Ordinal), _host.HookLine.Replace("logon.sock", "other.sock", StringComparison.Ordinal) })
        {
            await File.WriteAllTextAsync(_host.Pam, wrong, Cancellation);
            var finding = Assert.Single(await _host.BecomesAsync("pam-hook-missing"));
            // The line that the fix prints, with the hook's path, before what was there.
            var line = finding.Fix.Split('"')[1].Replace("ostiary-logon", "/usr/sbin/ostiary-logon", StringComparison.Ordinal);
            await File.WriteAllTextAsync(_host.Pam, $"{line}\n{wrong}", Cancellation);
            await _host.BecomesAsync();
        }
    }

    [Fact]
    public async Task Files_that_are_open_to_others_are_closed_by_the_printed_command()
    {
        await DiagnosedHost.ShellAsync($"chmod 755 {_host.State}");
        await DiagnosedHost.ShellAsync(Assert.Single(Assert.Single(await _host.BecomesAsync("state-directory-open")).FixCommands));
        await _host.BecomesAsync();

        await DiagnosedHost.ShellAsync($"chmod 644 {_host.State}/tls.key");
        await DiagnosedHost.ShellAsync(Assert.Single(Assert.Single(await _host.BecomesAsync("tls-key-open")).FixCommands));
        await _host.BecomesAsync();

        await DiagnosedHost.ShellAsync($"chmod 777 {_host.BackEndSocket} && chmod 755 {Path.GetDirectoryName(_host.BackEndSocket)}");
        await DiagnosedHost.ShellAsync(Assert.Single(Assert.Single(await _host.BecomesAsync("back-end-socket-open")).FixCommands));
        await _host.BecomesAsync();
    }

    [Fact]
    public async Task The_certificate_for_RDP_clients_that_ends_or_cannot_be_used_is_replaced_by_the_printed_commands()
    {
        foreach (var (days, code) in new[] { (20, "tls-certificate-ending"), (-1, "tls-certificate-ended") })
        {
            await InstallAsync(_host.NewTlsFiles(_host.Server.Time.GetUtcNow().AddDays(days)));
            var found = Assert.Single(await _host.BecomesAsync(code));
            var (certificate, key) = _host.NewTlsFiles(_host.Server.Time.GetUtcNow().AddDays(400));
            foreach (var command in found.FixCommands)
                await DiagnosedHost.ShellAsync(command.Replace("NEW-CERTIFICATE", certificate, StringComparison.Ordinal).Replace("NEW-KEY", key, StringComparison.Ordinal));
            await _host.BecomesAsync();
        }

        await File.WriteAllTextAsync($"{_host.State}/tls.pem", "half a certificate", Cancellation);
        await _host.BecomesAsync("tls-files-unusable");
        await InstallAsync(_host.NewTlsFiles(_host.Server.Time.GetUtcNow().AddDays(400)));
        await _host.BecomesAsync();

        async Task InstallAsync((string Certificate, string Key) files)
            => await DiagnosedHost.ShellAsync($"install -m 600 {files.Certificate} {_host.State}/tls.pem && install -m 600 {files.Key} {_host.State}/tls.key");
    }

    [Fact]
    public async Task A_back_end_that_is_away_speaks_otherwise_or_licenses_for_itself_is_found_until_another_is_there()
    {
        await _host.StopXrdpAsync();
        await _host.BecomesAsync("back-end-unreachable");
        _host.StartXrdp(confirms: BackEndSecurity.Tls);
        await _host.BecomesAsync("back-end-security");
        await _host.StopXrdpAsync();
        _host.StartXrdp(BackEndForm.Licensing);
        await _host.BecomesAsync();

        await using (await _host.Gateway.ConnectAsync())
            await _host.BecomesAsync("back-end-not-supported", "people-refused");
        await _host.StopXrdpAsync();
        _host.StartXrdp();
        await using var admitted = await _host.Gateway.ConnectAsync();

        Assert.Equal(RdpClientEnd.DemandActive, admitted.Script.End);
        await _host.BecomesAsync();
    }

    [Fact]
    public async Task An_xrdp_that_listens_beside_the_gateway_is_led_to_the_socket_by_the_printed_command()
    {
        using var beside = new TcpListener(IPAddress.Loopback, 0);
        beside.Start();
        var port = ((IPEndPoint)beside.LocalEndpoint).Port;
        await File.WriteAllTextAsync(_host.XrdpIni, DiagnosedHost.GoodXrdp.Replace("port=unix://./run/rdp.sock", $"port=tcp://.:{port}", StringComparison.Ordinal), Cancellation);
        var finding = Assert.Single(await _host.BecomesAsync("xrdp-listens"));

        await DiagnosedHost.ShellAsync(finding.FixCommands[0]);

        await _host.BecomesAsync();
        Assert.Contains($"port=unix://{_host.BackEndSocket}\n", await File.ReadAllTextAsync(_host.XrdpIni, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_logons_need_is_missed_when_it_is_not_there()
    {
        await _host.StopHelperAsync();
        await _host.BecomesAsync("kernel-helper-silent");
        _host.StartHelper();
        await _host.BecomesAsync();

        File.Delete(_host.LogonSocket);
        await _host.BecomesAsync("logon-socket-missing");
        await _host.RestartGatewayAsync(helper: false);
        await _host.BecomesAsync("kernel-helper-missing");
        await _host.RestartGatewayAsync(observe: true);
        await _host.BecomesAsync("observing");
        await _host.RestartGatewayAsync();
        await _host.BecomesAsync();
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_found()
    {
        var files = Directory.GetFiles(_host.State, "session-host.db*");
        var kept = files.ToDictionary(file => file, File.ReadAllBytes);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        foreach (var file in files)
            File.Delete(file);
        await File.WriteAllBytesAsync(Path.Combine(_host.State, "session-host.db"), Enumerable.Repeat((byte)'x', 64 * 1024).ToArray(), Cancellation);
        await _host.BecomesAsync("database-fails");

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        foreach (var file in Directory.GetFiles(_host.State, "session-host.db*"))
            File.Delete(file);
        foreach (var (file, bytes) in kept)
            await File.WriteAllBytesAsync(file, bytes, Cancellation);
        await _host.BecomesAsync();
    }

    [Fact]
    public async Task A_license_server_that_does_not_answer_is_found_with_the_step_that_fails_and_gone_when_it_is_started()
    {
        await _host.Server.StopAsync();
        await _host.BecomesAsync("license-server-port-closed", "no-license-server-answers");

        await _host.Server.RestartAsync();

        await _host.BecomesAsync();
    }

    [Fact]
    public async Task Something_else_at_the_license_servers_address_is_told_from_it()
    {
        var port = _host.Server.Address.Port;
        await _host.Server.StopAsync();
        using (var other = new TcpListener(IPAddress.Loopback, port))
        {
            other.Start();
            var answering = AnswerAsync(other);
            await _host.BecomesAsync("license-server-no-tls", "no-license-server-answers");
            other.Stop();
            await answering;
        }

        await _host.Server.RestartAsync();
        await _host.BecomesAsync();

        static async Task AnswerAsync(TcpListener listener)
        {
            try
            {
                while (true)
                    using (var socket = await listener.AcceptSocketAsync(Cancellation))
                        await socket.SendAsync("SSH-2.0-Other\r\n"u8.ToArray(), Cancellation);
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // The test goes on.
            }
        }
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_told_from_a_certificate_that_is_another()
    {
        _host.Ahead = TimeSpan.FromDays(400);
        // What was opened before stays open; a new connection sees the certificate anew.
        await _host.RestartGatewayAsync();
        var found = await _host.FindingsAsync();

        Assert.StartsWith("clock: the license server's certificate runs from", found.Single(finding => finding.Code == "license-server-clock-differs").Evidence, StringComparison.Ordinal);
        Assert.DoesNotContain(found, finding => finding.Code == "license-server-other-key");

        _host.Ahead = TimeSpan.Zero;
        await _host.RestartGatewayAsync();
        await _host.BecomesAsync();
    }

    [Fact]
    public async Task A_host_that_was_removed_joins_again_and_one_that_may_not_ask_is_allowed()
    {
        var id = (await _host.Server.Administration.HostsAsync(null, 10, Cancellation)).Items.Single().HostId;
        await _host.Server.Administration.ChangeHostAsync(id, new(false, null, null), Cancellation);
        var finding = Assert.Single(await _host.BecomesAsync("host-not-allowed"));
        Assert.Equal($"ostiary hosts set {id} --allowed true", Assert.Single(finding.FixCommands));
        await _host.Server.Administration.ChangeHostAsync(id, new(true, null, null), Cancellation);
        await _host.BecomesAsync();

        await _host.Server.Administration.RemoveHostAsync(id, null, Cancellation);
        await _host.BecomesAsync("host-not-member");
        await _host.JoinAsync();
        await _host.BecomesAsync();
    }

    [Fact]
    public async Task The_mode_and_the_version_of_the_CALs_stand_in_the_way_until_they_fit()
    {
        await _host.JoinAsync(LicensingMode.PerUser);
        var finding = Assert.Single(await _host.BecomesAsync("packs-of-other-type"));
        var words = finding.FixCommands[0].Split(' ');
        Assert.Equal(["ostiary", "packs", "convert"], words[..3]);

        await _host.Server.Administration.ConvertPackAsync(Guid.Parse(words[3]), new(int.Parse(words[5], System.Globalization.CultureInfo.InvariantCulture)), Cancellation);

        await _host.BecomesAsync();
        var report = await _host.Gateway.Administration.FindingsAsync(Cancellation);
        Assert.Equal((Ostiary.Contracts.Catalogue.CalType.User, 20, 20), Assert.Single(report.LicenseServers!) is { Diagnosis: { } said } ? (said.Type, said.Installed, said.Available) : default);
    }

    [Fact]
    public async Task A_device_that_is_refused_is_explained_until_it_is_admitted()
    {
        await _host.StopXrdpAsync();
        await using (await _host.Gateway.ConnectAsync(machine: "KIOSK-09"))
        {
            var refused = (await _host.BecomesAsync("back-end-unreachable", "people-refused")).Single(finding => finding.Code == "people-refused");
            Assert.Contains("127.0.0.1", refused.Evidence, StringComparison.Ordinal);
            Assert.Contains("systemctl restart xrdp", refused.Fix, StringComparison.Ordinal);
        }

        _host.StartXrdp();
        await _host.BecomesAsync("people-refused");
        await using var admitted = await _host.Gateway.ConnectAsync(machine: "KIOSK-09");
        await _host.BecomesAsync();
    }
}

/// <summary>A host that has joined no license server.</summary>
public sealed class LonelyHostTests
{
    [Fact]
    public async Task Without_a_license_server_the_grace_period_counts_and_joining_mends_it()
    {
        await using var host = await DiagnosedHost.StartAsync(joined: false);
        // Another machine's state: its grace period has not begun.
        await host.Gateway.DisposeAsync();
        Directory.Delete(host.State, recursive: true);
        await host.StartGatewayAsync(grace: true);
        await host.BecomesAsync("mode-not-configured", "no-license-server-yet");
        await host.Gateway.Services.GetRequiredService<GracePeriod>().UseAsync(CancellationToken.None);
        await host.BecomesAsync("grace-running", "mode-not-configured", "no-license-server-yet");
        host.Server.Time.Advance(TimeSpan.FromDays(100));
        // A leap that nobody has confirmed takes no day of the grace period.
        await host.BecomesAsync("clock-unconfirmed", "grace-running", "mode-not-configured", "no-license-server-yet");
        await host.Gateway.Administration.ConfirmClockAsync(CancellationToken.None);
        await host.BecomesAsync("grace-ends-soon", "mode-not-configured", "no-license-server-yet");
        host.Server.Time.Advance(TimeSpan.FromDays(21));
        await host.Gateway.Administration.ConfirmClockAsync(CancellationToken.None);
        await host.BecomesAsync("grace-expired", "mode-not-configured", "no-license-server");

        await host.JoinAsync();

        await host.BecomesAsync();
    }
}
