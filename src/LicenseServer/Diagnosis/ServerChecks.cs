using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Diagnosis;

/// <summary>Looks at this license server and what it needs. The clearinghouse is asked for at most 3 s; the audit chain is verified behind it, once an hour while it is sound.</summary>
internal sealed class ServerChecks(LicenseServerOptions options, Ledger ledger, ClearinghouseConnection clearinghouse, PublisherHead head)
{
    public const string RoleName = "license-server";

    private const UnixFileMode ForOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private static readonly TimeSpan AuditAgain = TimeSpan.FromHours(1);
    private static readonly TimeSpan AuditWait = TimeSpan.FromSeconds(1);

    private readonly Lock _auditing = new();
    private Task<AuditVerification>? _audit;
    private long _auditedAt;

    /// <summary><c>GET /v1/findings</c>.</summary>
    public async Task<RoleFindings> ReportAsync(CancellationToken cancellation)
    {
        var facts = await LookAsync(cancellation).ConfigureAwait(false);
        return new(
            RoleName, ledger.Identity.Id.Text, SoftwareVersion.Own, facts.Now, FindingRules.Find(facts),
            facts.Clearinghouse is not { } address ? [] : [new(address.Host, address.Port, "clearinghouse", facts.ClearinghouseFault?.Fault, facts.ClearinghouseFault?.Text)]);
    }

    /// <summary><c>POST /v1/diagnosis-bundle</c>. Its findings name hosts, and neither people nor devices.</summary>
    public async Task<DiagnosisBundleAnswer> BundleAsync(CancellationToken cancellation)
    {
        var report = await ReportAsync(cancellation).ConfigureAwait(false);
        var own = ledger.Identity.Current;
        return new(DiagnosisBundle.Make(report, own.Key.SignStatement, own.Chain));
    }

    /// <summary>What there is to give, at one moment.</summary>
    public async Task<PoolFacts> PoolAsync(LedgerContext db, CancellationToken cancellation)
    {
        var now = ledger.Clock.GetUtcNow();
        var own = ledger.Identity.Current;
        var packs = await db.Packs.Where(pack => pack.RemovedAt == null).ToListAsync(cancellation).ConfigureAwait(false);
        var policy = await db.Policy.SingleOrDefaultAsync(cancellation).ConfigureAwait(false);
        var glass = await BreakGlassUntilAsync(db, now, cancellation).ConfigureAwait(false);
        return new()
        {
            Name = ledger.Identity.Id.Text,
            Activated = own.IsActivated,
            IssuesNothing = own.WhyIssuesNothing?.Text,
            Recovery = await RecoveryAsync(db, cancellation).ConfigureAwait(false),
            ClockLeaptTo = ledger.Clock.Unconfirmed,
            Counts = await CountCals.CountAsync(db, now, cancellation).ConfigureAwait(false),
            Packs = [.. packs.Select(pack => new PackFacts(pack.PackId, pack.Type, pack.Version, pack.Free(now), pack.ExpiresAt, pack.RevokedAt, pack.RevocationReason))],
            PreventLicenseUpgrade = policy?.PreventLicenseUpgrade is true,
            UsersMayOverUse = policy?.UserOverUse == UserOverUse.Track || glass is not null,
        };
    }

    public static HostFacts Of(JoinedHost host, DateTimeOffset now) => new()
    {
        HostId = host.HostId,
        Name = host.Name,
        Version = host.Version,
        Mode = host.Mode,
        HeardAt = host.LastSeenAt ?? host.JoinedAt,
        CertificateUntil = host.CertificateUntil,
        Allowed = host.Allowed,
        QuotaReached = !host.HasQuota(now),
        QuotaPerHour = host.QuotaPerHour,
    };

    private async Task<ServerFacts> LookAsync(CancellationToken cancellation)
    {
        var asking = clearinghouse.ProbeAsync(cancellation);
        var now = ledger.Clock.GetUtcNow();
        var own = ledger.Identity.Current;
        var seen = head.Show();
        var facts = new ServerFacts
        {
            Now = now,
            StateDirectory = options.StateDirectory,
            Pool = new() { Name = ledger.Identity.Id.Text },
            CertificateUntil = own.Until,
            Clearinghouse = clearinghouse.Address,
            HasRoot = clearinghouse.HasRoot,
            PublisherHeardAt = seen.At ?? own.Certificate.NotBefore.ToUniversalTime(),
            PublisherContradicts = seen.Fault,
            FreeBytes = FreeBytes(),
            OpenStateMode = OpenTo(options.StateDirectory),
        };
        try
        {
            facts = await ReadAsync(facts, cancellation).ConfigureAwait(false);
            // Behind it: the verification wants a moment of the ledger for itself.
            facts = facts with { AuditFault = await AuditFaultAsync().ConfigureAwait(false) };
        }
        catch (DbException failure)
        {
            facts = facts with { DatabaseFault = failure.Message };
        }

        return facts with { ClearinghouseFault = await asking.ConfigureAwait(false) };
    }

    private async Task<ServerFacts> ReadAsync(ServerFacts facts, CancellationToken cancellation)
    {
        var now = facts.Now;
        var ending = now + FindingRules.TemporariesEnd;
        await using var db = ledger.Database.OpenReader();
        await using var snapshot = await db.BeginSnapshotAsync(cancellation).ConfigureAwait(false);
        var hosts = await db.Hosts.Where(host => host.RemovedAt == null).OrderBy(host => host.Name).ToListAsync(cancellation).ConfigureAwait(false);
        var flags = await db.Flags.Where(row => row.Flags != DeviceFlags.None).GroupBy(row => row.Flags).Select(group => new { Flags = group.Key, Count = group.Count() }).ToListAsync(cancellation).ConfigureAwait(false);
        return facts with
        {
            Pool = await PoolAsync(db, cancellation).ConfigureAwait(false),
            Hosts = [.. hosts.Select(host => Of(host, now))],
            SuccessionSince = (await db.Successions.FirstOrDefaultAsync(row => row.SwitchedAt == null, cancellation).ConfigureAwait(false))?.PreparedAt,
            BreakGlassUntil = await BreakGlassUntilAsync(db, now, cancellation).ConfigureAwait(false),
            TemporariesEnding = await db.Licenses.CountAsync(
                row => row.Kind == LicenseKind.Temporary && row.Status == LicenseStatus.Live && row.NotAfter >= now && row.NotAfter <= ending, cancellation).ConfigureAwait(false),
            Flagged = [.. Enum.GetValues<DeviceFlags>().Where(flag => flag != DeviceFlags.None)
                .Select(flag => (KebabCase.Of(flag), flags.Where(row => row.Flags.HasFlag(flag)).Sum(row => row.Count))).Where(flag => flag.Item2 > 0)],
        };
    }

    private async Task<string?> AuditFaultAsync()
    {
        Task<AuditVerification> audit;
        lock (_auditing)
        {
            if (_audit is null or { IsCompletedSuccessfully: false, IsCompleted: true } or { IsCompletedSuccessfully: true, Result.Sound: false } || ledger.Clock.GetElapsedTime(_auditedAt) > AuditAgain)
                (_audit, _auditedAt) = (VerifyAsync(), ledger.Clock.GetTimestamp());
            audit = _audit;
        }

        if (await Task.WhenAny(audit, Task.Delay(AuditWait)).ConfigureAwait(false) != audit)
            return null;
        return await audit.ConfigureAwait(false) is { Sound: false } broken
            ? $"{broken.Faults.Count} rows do not fit{(broken.Faults is [var first, ..] ? $"; the first: {first.Table} {first.Row}: {first.Fault}" : "")}."
            : null;
    }

    private async Task<AuditVerification> VerifyAsync()
    {
        await using var db = ledger.Database.OpenReader();
        return await AuditVerifier.VerifyAsync(db, ledger.Identity.Current, CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task<RecoveryStatus?> RecoveryAsync(LedgerContext db, CancellationToken cancellation)
    {
        if (await db.Recoveries.SingleOrDefaultAsync(row => row.EndedAt == null, cancellation).ConfigureAwait(false) is not { } recovery)
            return null;
        var missing = await db.Hosts.CountAsync(host => host.RemovedAt == null && (host.ReceiptsAt == null || host.ReceiptsAt < recovery.BeganAt), cancellation).ConfigureAwait(false);
        return new(recovery.BeganAt, recovery.Until, recovery.SeenNumber, missing);
    }

    private static async Task<DateTimeOffset?> BreakGlassUntilAsync(LedgerContext db, DateTimeOffset now, CancellationToken cancellation)
        => await db.BreakGlass.OrderByDescending(glass => glass.At).FirstOrDefaultAsync(cancellation).ConfigureAwait(false) is { } last && last.Until >= now ? last.Until : null;

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
