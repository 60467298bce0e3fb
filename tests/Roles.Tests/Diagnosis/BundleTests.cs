using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Statements;
using Ostiary.Diagnoser;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>A bundle for whoever helps: signed by each role, and without what is nobody's business.</summary>
public sealed class BundleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_role_signs_its_own_findings_and_no_device_or_person_is_named()
    {
        await using var host = await DiagnosedHost.StartAsync();
        await host.StopXrdpAsync();
        await using var refused = await host.Gateway.ConnectAsync(machine: "KIOSK-09");
        await host.BecomesAsync("back-end-unreachable", "people-refused");

        var text = (await host.Gateway.Administration.DiagnosisBundleAsync(Cancellation)).Text + (await host.Server.Administration.DiagnosisBundleAsync(Cancellation)).Text;
        var parts = DiagnosisBundle.Verify(text);

        Assert.Equal(["session-host", "license-server"], parts.Select(part => part.Findings.Role));
        Assert.Equal(["back-end-unreachable", "people-refused"], parts[0].Findings.Findings.Select(finding => finding.Code));
        Assert.Empty(parts[1].Findings.Findings);
        Assert.Equal(host.Server.Ledger.Identity.Key.Fingerprint.Hex, parts[1].Signer);
        Assert.All(parts.SelectMany(part => part.Findings.Findings), finding => Assert.DoesNotContain("127.0.0.1", finding.Evidence.Replace(host.Server.Address.Authority, "", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.DoesNotContain("PRIVATE", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bundle_that_was_changed_or_is_none_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=host", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var finding = HostFindings.BackEndSocketOpen.Found("/run/rdp.sock", "evidence", ("socket", "/run/rdp.sock"));
        var findings = new RoleFindings("session-host", "host-1", "1.0.0", DateTimeOffset.UnixEpoch, [.. Enumerable.Repeat(finding, 500)], []);

        var text = DiagnosisBundle.Make(findings, payload => Statement.Sign(payload, key), [certificate]);

        // As many as a statement holds, the first ones.
        Assert.InRange(Assert.Single(DiagnosisBundle.Verify(text)).Findings.Findings.Count, 50, 499);
        Assert.Throws<InvalidDataException>(() => DiagnosisBundle.Verify(DiagnosisBundle.Make(findings, payload => Statement.Sign(payload, other), [certificate])));
        Assert.Throws<InvalidDataException>(() => DiagnosisBundle.Verify(DiagnosisBundle.Make(findings, payload => Statement.Sign(payload, key), [])));
        Assert.Throws<InvalidDataException>(() => DiagnosisBundle.Verify("nothing"));
        Assert.Throws<InvalidDataException>(() => DiagnosisBundle.Verify(new string(' ', DiagnosisBundle.MaxLength + 1)));
        // Of another kind of statement, by the same key.
        var head = PemEncoding.WriteString("OSTIARY DIAGNOSIS", Statement.Sign(new AuditHeadStatement(1, new byte[32], DateTimeOffset.UnixEpoch).Encode(), key));
        Assert.Throws<InvalidDataException>(() => DiagnosisBundle.Verify($"{head}\n{certificate.ExportCertificatePem()}"));
    }
}

/// <summary>The Diagnoser at roles that run, and what an RDP client sees of a gateway.</summary>
public sealed class RunningDiagnosisTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_tells_roles_that_run_from_those_that_do_not_and_sees_the_gateway_ask_for_a_CAL()
    {
        await using var host = await DiagnosedHost.StartAsync();
        var state = Path.GetDirectoryName(host.State)!;
        var well = await new Ostiary.Diagnoser.Diagnosis(state, TimeProvider.System).RunAsync(null, false, Cancellation);

        Assert.Empty(well!.Findings);
        Assert.Equal(("No problems were found.", "host-1", LicensingMode.PerDevice, 20), (well.Verdict, well.Host, well.Mode, well.CalsAvailable));
        Assert.Equal(["session-host"], well.Roles);
        Assert.Contains(well.Endpoints, endpoint => endpoint.Port == host.Gateway.EndPoint.Port && endpoint.Purpose == "RDP clients: it asks for a CAL");
        Assert.Empty(await host.Gateway.RefusalsAsync());
        Assert.Empty(await host.Gateway.SessionsAsync());

        Directory.CreateDirectory(Path.Combine(state, "license-server"));
        var found = await new Ostiary.Diagnoser.Diagnosis(state, TimeProvider.System).RunAsync(null, true, Cancellation);
        Assert.Equal($"ostiary run license-server --state {state}", Assert.Single(Assert.Single(found!.Findings).FixCommands));
        Directory.Delete(Path.Combine(state, "license-server"));
        Assert.Null(await new Ostiary.Diagnoser.Diagnosis(host.At("nothing"), TimeProvider.System).RunAsync(null, false, Cancellation));
    }

    [Fact]
    public async Task A_clearinghouse_whose_signer_is_away_is_found_until_the_signer_is_started()
    {
        await using var publisher = await TestPublisher.StartAsync();
        await publisher.StopSignerAsync();
        var codes = await CodesAsync();
        Assert.Equal(["role-not-running", "signer-away"], codes);

        await publisher.StartSignerAsync();

        Assert.Empty(await CodesAsync());

        async Task<IReadOnlyList<string>> CodesAsync()
            => [.. (await new Ostiary.Diagnoser.Diagnosis(publisher.Directory, publisher.Time).RunAsync(null, false, Cancellation))!.Findings.Select(finding => finding.Code).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task An_RDP_host_elsewhere_is_looked_at_up_to_its_licensing()
    {
        await using var bare = Ostiary.Roles.Tests.SessionHost.FakeXrdp.WithTls();
        var port = int.Parse(bare.Address.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture);
        var seen = await RdpProbe.LookAsync("127.0.0.1", port, true, Cancellation);
        Assert.Equal((RdpProgress.OtherLicensing, bare.Fingerprint), (seen.Progress, seen.Fingerprint));
        Assert.Equal("licensing-not-asked", Assert.Single(OutsideRules.Of(seen, null)).Code);

        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        var answering = Task.Run(async () =>
        {
            using var socket = await other.AcceptSocketAsync(Cancellation);
            await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\n\r\n"), Cancellation);
        }, Cancellation);
        var http = ((System.Net.IPEndPoint)other.LocalEndpoint).Port;
        Assert.Equal(RdpProgress.NotRdp, (await RdpProbe.LookAsync("127.0.0.1", http, true, Cancellation)).Progress);
        await answering;
        other.Stop();
        Assert.Equal(RdpProgress.Unreachable, (await RdpProbe.LookAsync("127.0.0.1", http, true, Cancellation)).Progress);
    }
}
