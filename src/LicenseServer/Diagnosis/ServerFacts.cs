using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

namespace Ostiary.LicenseServer.Diagnosis;

/// <summary>What a license server has to give; the same for all hosts.</summary>
internal sealed record PoolFacts
{
    public required string Name { get; init; }

    public bool Activated { get; init; } = true;

    /// <summary>Why it issues nothing; null where it does.</summary>
    public string? IssuesNothing { get; init; }

    public RecoveryStatus? Recovery { get; init; }

    /// <summary>Where the machine's clock leapt to; null when it is believed.</summary>
    public DateTimeOffset? ClockLeaptTo { get; init; }

    /// <summary>CALs by type and version.</summary>
    public IReadOnlyList<CalCounts> Counts { get; init; } = [];

    /// <summary>Packs that are not removed.</summary>
    public IReadOnlyList<PackFacts> Packs { get; init; } = [];

    public bool PreventLicenseUpgrade { get; init; }

    /// <summary>User CALs may be given beyond the packs, by policy or while the glass is broken.</summary>
    public bool UsersMayOverUse { get; init; }
}

/// <param name="PackId">The pack.</param>
/// <param name="Type">Of its CALs.</param>
/// <param name="Version">Of its CALs.</param>
/// <param name="Free">Seats that nobody holds; 0 where none counts.</param>
/// <param name="ExpiresAt">Its end; null for a perpetual one.</param>
/// <param name="RevokedAt">When the publisher revoked it.</param>
/// <param name="RevocationReason">Why.</param>
internal sealed record PackFacts(
    Guid PackId, CalType Type, CalVersion Version, int Free, DateTimeOffset? ExpiresAt = null, DateTimeOffset? RevokedAt = null, string? RevocationReason = null);

/// <summary>A host that has joined.</summary>
internal sealed record HostFacts
{
    public required Guid HostId { get; init; }

    public required string Name { get; init; }

    public required CalVersion Version { get; init; }

    public required LicensingMode Mode { get; init; }

    /// <summary>When it was heard last; when it joined, where it was not heard since.</summary>
    public required DateTimeOffset HeardAt { get; init; }

    public required DateTimeOffset CertificateUntil { get; init; }

    public bool Allowed { get; init; } = true;

    /// <summary>It has taken all the CALs that it may in this hour.</summary>
    public bool QuotaReached { get; init; }

    public int QuotaPerHour { get; init; }

    public CalType Type => Mode == LicensingMode.PerUser ? CalType.User : CalType.Device;
}

/// <summary>What a license server sees of itself at one moment.</summary>
internal sealed record ServerFacts
{
    public required DateTimeOffset Now { get; init; }

    public required string StateDirectory { get; init; }

    public required PoolFacts Pool { get; init; }

    public required DateTimeOffset CertificateUntil { get; init; }

    public IReadOnlyList<HostFacts> Hosts { get; init; } = [];

    /// <summary>Null where none is configured.</summary>
    public Uri? Clearinghouse { get; init; }

    public bool HasRoot { get; init; } = true;

    /// <summary>At which step reaching the clearinghouse fails; null where it answers, or was not asked.</summary>
    public (ConnectionFault Fault, string Text)? ClearinghouseFault { get; init; }

    /// <summary>When the publisher was heard last.</summary>
    public DateTimeOffset PublisherHeardAt { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>How what the clearinghouse shows contradicts what it showed before; null where it does not.</summary>
    public string? PublisherContradicts { get; init; }

    /// <summary>Since when another key is to follow; null where none is.</summary>
    public DateTimeOffset? SuccessionSince { get; init; }

    /// <summary>Until when the glass is broken; null while it is not.</summary>
    public DateTimeOffset? BreakGlassUntil { get; init; }

    /// <summary>Temporary CALs that end within <see cref="FindingRules.TemporariesEnd"/>.</summary>
    public int TemporariesEnding { get; init; }

    /// <summary>Flagged devices by flag.</summary>
    public IReadOnlyList<(string Flag, int Devices)> Flagged { get; init; } = [];

    public long? FreeBytes { get; init; }

    public UnixFileMode? OpenStateMode { get; init; }

    /// <summary>What the database answered instead of rows; nothing else of the ledger is known then.</summary>
    public string? DatabaseFault { get; init; }

    /// <summary>The first row that does not fit the audit chain, and how many there are; null where all fit, or that is not known yet.</summary>
    public string? AuditFault { get; init; }
}
