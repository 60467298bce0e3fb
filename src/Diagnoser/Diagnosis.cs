using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Diagnoser;

/// <summary>
/// Gathers what is wrong on one machine: asks the roles that were set up there over their sockets, and looks from outside at what RDP clients see. It needs
/// no rights on a license server, which answers the host itself.
/// </summary>
/// <param name="state">The folder of the roles.</param>
/// <param name="time">For the report's date.</param>
public sealed class Diagnosis(string state, TimeProvider time)
{
    private const string SessionHost = "session-host";
    private const string LicenseServer = "license-server";
    private const int LastRefusals = 5;
    private const string Clearinghouse = "clearinghouse";
    private static readonly string[] RoleNames = [Clearinghouse, "signer", LicenseServer, SessionHost];
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    private readonly List<Finding> _findings = [];
    private readonly List<string> _roles = [];
    private readonly List<EndpointTest> _endpoints = [];
    private readonly StringBuilder _bundle = new();
    private RoleFindings? _host;
    private SessionHostStatus? _status;
    private IReadOnlyList<RefusalRecord> _refusals = [];

    /// <summary>What the roles that answered have signed, where <see cref="RunAsync"/> was to make a bundle; empty where none could.</summary>
    public string Bundle => _bundle.ToString();

    /// <summary>Looks.</summary>
    /// <param name="rdp">An RDP host to look at as a client; null for the session host of this machine, if it runs.</param>
    /// <param name="makeBundle">Whether the roles are to sign what they find.</param>
    /// <param name="cancellation">To give up.</param>
    /// <returns>Null where there was nothing to look at.</returns>
    public async Task<DiagnosisReport?> RunAsync(DnsEndPoint? rdp, bool makeBundle, CancellationToken cancellation)
    {
        var any = false;
        foreach (var role in RoleNames)
        {
            var folder = Path.Combine(state, role);
            if (!Directory.Exists(folder))
                continue;
            any = true;
            await AskAsync(role, folder, makeBundle, cancellation).ConfigureAwait(false);
        }

        if (rdp is not null)
            await LookAsync(rdp.Host, rdp.Port, true, null, cancellation).ConfigureAwait(false);
        else if (_status is { } status && IPEndPoint.TryParse(status.Address, out var own))
            await LookAsync(Near(own.Address).ToString(), own.Port, MayGoFurther(status), status.TlsFingerprint, cancellation).ConfigureAwait(false);
        return any || rdp is not null ? Report() : null;
    }

    private async Task AskAsync(string role, string folder, bool makeBundle, CancellationToken cancellation)
    {
        var socket = Path.Combine(folder, role == "signer" ? "signer.sock" : "admin.sock");
        var answers = await StateOfAsync(folder, socket, cancellation).ConfigureAwait(false);
        _findings.AddRange(OutsideRules.Of(role, answers, state));
        if (answers != RoleState.Answers)
            return;
        _roles.Add(role);
        using var http = ApiClient.OverUnixSocket(socket, AnswerTime);
        if (role == Clearinghouse)
            _findings.AddRange(OutsideRules.Of(await new ClearinghouseAdministrationClient(http).StatusAsync(cancellation).ConfigureAwait(false), time.GetUtcNow(), state));
        if (role == LicenseServer)
        {
            var server = new LicenseServerAdministrationClient(http);
            Take(await server.FindingsAsync(cancellation).ConfigureAwait(false));
            if (makeBundle)
                _bundle.Append((await server.DiagnosisBundleAsync(cancellation).ConfigureAwait(false)).Text);
        }

        if (role != SessionHost)
            return;
        var host = new SessionHostAdministrationClient(http);
        Take(_host = await host.FindingsAsync(cancellation).ConfigureAwait(false));
        if (makeBundle)
            _bundle.Append((await host.DiagnosisBundleAsync(cancellation).ConfigureAwait(false)).Text);
        _status = await host.StatusAsync(cancellation).ConfigureAwait(false);
        try
        {
            _refusals = (await host.RefusalsAsync(null, LastRefusals, cancellation).ConfigureAwait(false)).Items;
        }
        catch (ProblemException)
        {
            // The database does not answer, which the host has found by itself.
        }
    }

    private void Take(RoleFindings found)
    {
        _findings.AddRange(found.Findings);
        _endpoints.AddRange(found.Endpoints);
    }

    private async Task LookAsync(string host, int port, bool toLicensing, string? gateway, CancellationToken cancellation)
    {
        var seen = await RdpProbe.LookAsync(host, port, toLicensing, cancellation).ConfigureAwait(false);
        _findings.AddRange(OutsideRules.Of(seen, gateway));
        _endpoints.Add(new(host, port, $"RDP clients: {seen.Detail}", seen.Progress == RdpProgress.Unreachable ? ConnectionFault.Port : null, seen.Progress == RdpProgress.Unreachable ? seen.Detail : null));
    }

    private static async Task<RoleState> StateOfAsync(string folder, string path, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Whether the socket is there can only be seen by who may enter the folder.
            _ = Directory.EnumerateFileSystemEntries(folder).Any();
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            return RoleState.Answers;
        }
        catch (UnauthorizedAccessException)
        {
            return RoleState.Denied;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode == SocketError.AccessDenied ? RoleState.Denied : RoleState.NotRunning;
        }
    }

    // A per-user host passes its clients on to what is behind, and a back end that is known not to work makes a refusal: no further than TLS there.
    private bool MayGoFurther(SessionHostStatus status)
        => status.Mode == LicensingMode.PerDevice
            && _findings.TrueForAll(finding => finding.Code != HostFindings.BackEndUnreachable.Code && finding.Code != HostFindings.BackEndSecurity.Code && finding.Code != HostFindings.BackEndNotSupported.Code);

    private static IPAddress Near(IPAddress listening)
        => listening.Equals(IPAddress.Any) ? IPAddress.Loopback : listening.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : listening;

    private DiagnosisReport Report()
    {
        // A license server of this machine and the host's own question say the same in the same words.
        List<Finding> findings = [.. _findings.DistinctBy(finding => (finding.Code, finding.Evidence)).OrderByDescending(finding => finding.Severity)];
        var servers = _host?.LicenseServers ?? [];
        int? available = servers.Any(server => server.Diagnosis is not null) ? servers.Sum(server => server.Diagnosis?.Available ?? 0) : null;
        return new(
            time.GetUtcNow(), Verdict(findings, available), _host?.Name, _status?.Mode, _status?.Version, available, servers, _roles, findings, _endpoints, _refusals);
    }

    private string Verdict(List<Finding> findings, int? available)
    {
        var errors = findings.Count(finding => finding.Severity == Severity.Error);
        var warnings = findings.Count(finding => finding.Severity == Severity.Warning);
        var numbers = string.Create(CultureInfo.InvariantCulture, $"{errors} {(errors == 1 ? "error" : "errors")}, {warnings} {(warnings == 1 ? "warning" : "warnings")}");
        return (errors, warnings) switch
        {
            (0, 0) => "No problems were found.",
            (0, _) => $"It works, and something should be looked at: {numbers}.",
            _ when _host is not null && available is null or <= 0 => $"No CALs are available for this host: {numbers}.",
            _ => $"Something is wrong: {numbers}.",
        };
    }
}
