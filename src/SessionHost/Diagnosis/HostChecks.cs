using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Rules;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Diagnosis;

/// <summary>
/// Looks at this host and everything that it needs. <see cref="RunAsync"/> asks the license servers and the back end, a few seconds at most, and may be called
/// once a minute; <see cref="RunHere"/> asks nobody.
/// </summary>
internal sealed class HostChecks(
    SessionHostOptions options, PolicyInForce policy, Servers servers, Revocations revocations, GracePeriod grace, HostClock clock, Admission admission, TlsIdentity tls, BackEndConnector backEnd,
    BackEndProbe probe, Store store, HostKey key, TimeProvider time)
{
    public const string RoleName = "session-host";

    private const UnixFileMode ForOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const int MostRefusals = 1000;
    private static readonly TimeSpan AskTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan HelperTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Recent = TimeSpan.FromHours(24);

    /// <summary>What can be seen without asking anybody.</summary>
    public IReadOnlyList<Finding> RunHere() => FindingRules.Find(Here());

    /// <summary>All of it.</summary>
    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation) => FindingRules.Find(await LookAsync(cancellation).ConfigureAwait(false));

    /// <summary><c>GET /v1/findings</c>.</summary>
    public async Task<RoleFindings> ReportAsync(CancellationToken cancellation) => Report(await LookAsync(cancellation).ConfigureAwait(false));

    /// <summary><c>POST /v1/diagnosis-bundle</c>: the same for whoever helps, without the names of who was refused, signed with the host's key.</summary>
    public async Task<DiagnosisBundleAnswer> BundleAsync(CancellationToken cancellation)
    {
        var facts = await LookAsync(cancellation).ConfigureAwait(false);
        var nameless = facts with { Refusals = [.. facts.Refusals.Select(refusal => refusal with { Who = "somebody", Detail = "" })] };
        using var own = key.SelfMade(time.GetUtcNow());
        return new(DiagnosisBundle.Make(Report(nameless), payload => Statement.Sign(payload, key.Key), servers.Links is [var first, ..] ? first.Chain : [own]));
    }

    private RoleFindings Report(HostFacts facts) => new(
        RoleName, options.Name, SoftwareVersion.Own, time.GetUtcNow(), FindingRules.Find(facts), [.. facts.Links.Select(link => new EndpointTest(link.Address.Host, link.Address.Port, "license server", link.Fault?.Fault, link.Fault?.Text))],
        [.. facts.Links.Select(link => new DiagnosedLicenseServer(link.Address.AbsoluteUri, link.Diagnosis))]);

    private async Task<HostFacts> LookAsync(CancellationToken cancellation)
    {
        var here = Here();
        var links = Task.WhenAll(servers.Links.Zip(here.Links, (link, facts) => AskAsync(link, facts, cancellation)));
        var behind = probe.AskAsync(cancellation);
        var ways = probe.WithWaysAroundAsync(here.BackEnd, cancellation);
        var helper = HelperFaultAsync(cancellation);
        var (fault, refusals, licensesSince) = await ReadAsync(cancellation).ConfigureAwait(false);
        var (unreachable, otherSecurity) = await behind.ConfigureAwait(false);
        return here with
        {
            Links = await links.ConfigureAwait(false),
            BackEnd = await ways.ConfigureAwait(false) with { Unreachable = unreachable, OtherSecurity = otherSecurity, LicensesSince = licensesSince },
            Logon = here.Logon with { HelperFault = await helper.ConfigureAwait(false) },
            DatabaseFault = fault,
            Refusals = refusals,
        };
    }

    private HostFacts Here()
    {
        var (sections, unreadable, hookMissing) = ReadSettings();
        return new()
        {
            Name = options.Name,
            Now = clock.Now,
            StateDirectory = options.StateDirectory,
            MachineId = grace.MachineId,
            Grace = grace.State,
            GraceLost = grace.Lost,
            Links = [.. servers.Links.Select(Of)],
            ClockLeaptTo = clock.Unconfirmed,
            FreeBytes = FreeBytes(),
            OpenStateMode = OpenTo(options.StateDirectory),
            Tls = new(tls.Until, options.CertificatePath, options.KeyPath, tls.Fault, File.Exists(options.KeyPath) ? OpenTo(options.KeyPath) : null),
            BackEnd = new(backEnd.Name, options.XrdpSettings, SectionsAroundSesman: sections, UnreadableSettings: unreadable),
            Logon = new(options.KernelHelper, options.PamSettings, options.LogonSocket, HookMissing: hookMissing, SocketMissing: !File.Exists(options.LogonSocket)),
            Connections = (admission.Connections, options.MaxConnections),
            Observing = policy.Observe,
            NotJoined = servers.NotJoined,
            PolicyFaults = policy.Files.Faults,
            GraceWarningDays = policy.GraceWarningDays,
        };
    }

    private LinkFacts Of(ServerLink link) => new()
    {
        Address = link.Address,
        Version = link.Version,
        Mode = link.Mode,
        CertificateUntil = link.CertificateUntil,
        SilentSince = link.SilentSince,
        Revoked = link.Revoked is { } revoked ? (revoked.RevokedAt, KebabCase.Of(revoked.Reason)) : null,
        ListAt = link.Revocations?.IssuedAt,
        ListIsFresh = link.Revocations is { } list && revocations.IsFresh(list.IssuedAt),
        LedgerWentBackFrom = link.LedgerWentBack ? link.ToRecord().LedgerNumber : null,
    };

    private async Task<LinkFacts> AskAsync(ServerLink link, LinkFacts facts, CancellationToken cancellation)
    {
        if (facts.Revoked is not null)
            return facts;
        using var limit = new CancellationTokenSource(AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            return facts with { Diagnosis = await link.DiagnoseAsync(new(SoftwareVersion.Own), either.Token).ConfigureAwait(false), SilentSince = null };
        }
        catch (ProblemException problem) when (problem.Problem == LicensingProblem.Unreachable)
        {
            return facts with { Fault = (problem.Fault ?? ConnectionFault.Other, problem.Message) };
        }
        catch (ProblemException problem) when (problem.Problem == LicensingProblem.HostNotJoined)
        {
            return facts with { NotMember = problem.Message, SilentSince = null };
        }
        catch (ProblemException)
        {
            // One of before, which answers and knows no diagnosis.
            return facts with { SilentSince = null };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return facts with { Fault = (ConnectionFault.NoAnswer, $"no answer: nothing comes back from {link.Address.Host}, port {link.Address.Port}, within {AskTime.TotalSeconds:0} s") };
        }
    }

    private (IReadOnlyList<string> Sections, (string, string)? Unreadable, bool HookMissing) ReadSettings()
    {
        IReadOnlyList<string> sections = [];
        (string, string)? unreadable = null;
        var hookMissing = false;
        Read(options.XrdpSettings, file => sections = XrdpSections.AroundSesman(file));
        Read(options.PamSettings, file =>
        {
            using var settings = new StreamReader(file);
            hookMissing = !LogonSettings.AskTheGate(settings, Path.GetFileName(options.LogonSocket));
        });
        return (sections, unreadable, hookMissing);

        void Read(string file, Action<string> read)
        {
            try
            {
                if (File.Exists(file))
                    read(file);
            }
            catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
            {
                unreadable = (file, closed.Message);
            }
        }
    }

    private async Task<string?> HelperFaultAsync(CancellationToken cancellation)
    {
        if (options.KernelHelper is not { } path)
            return null;
        if (!File.Exists(path))
            return $"{path} is not there.";
        using var limit = new CancellationTokenSource(HelperTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), either.Token).ConfigureAwait(false);
            return null;
        }
        catch (SocketException failure)
        {
            return $"{path}: {failure.Message}.";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"{path} is not answered at within {HelperTime.TotalSeconds:0} s.";
        }
    }

    // Who was refused and is not in by now: the newest refusal of each, unless a session of the same began after it.
    private async Task<(string? Fault, IReadOnlyList<RefusalFacts> Refusals, DateTimeOffset? LicensesSince)> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            await using var db = store.Open();
            var since = time.GetUtcNow() - Recent;
            var rows = await db.Refusals.AsNoTracking().Where(row => row.At >= since && !row.Observed).OrderByDescending(row => row.Id).Take(MostRefusals).ToListAsync(cancellation).ConfigureAwait(false);
            var sessions = await db.Sessions.AsNoTracking().Where(row => row.StartedAt >= since).GroupBy(row => new { row.Device, row.Address })
                .Select(group => new { group.Key.Device, group.Key.Address, Last = group.Max(row => row.StartedAt) }).ToListAsync(cancellation).ConfigureAwait(false);
            // Who was refused before naming the device is known by the address.
            var still = rows.DistinctBy(row => row.Device ?? row.Address)
                .Where(row => !sessions.Exists(admitted => admitted.Last >= row.At && (row.Device is null ? admitted.Address == row.Address : admitted.Device == row.Device))).ToList();
            var licenses = still.Find(row => row.Reason == Refusal.BackEndLicenses.Reason && row.Detail == Refusal.BackEndLicenses.Detail);
            return (null, [.. still.Select(row => new RefusalFacts(row.At, row.UserName is { Length: > 0 } name ? $"{row.Device ?? row.Address}, {name}" : row.Device ?? row.Address, row.Reason, row.Rule, row.Detail, row.Fix))], licenses?.At);
        }
        catch (SqliteException failure)
        {
            return ($"{options.Database}: {failure.Message}", [], null);
        }
    }

    private long? FreeBytes()
    {
        try
        {
            return new DriveInfo(options.StateDirectory).AvailableFreeSpace;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static UnixFileMode? OpenTo(string path) => OperatingSystem.IsWindows() || File.GetUnixFileMode(path) is var mode && (mode & ForOthers) == 0 ? null : mode;
}
