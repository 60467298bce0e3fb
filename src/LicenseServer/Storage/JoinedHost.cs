using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;

namespace Ostiary.LicenseServer.Storage;

/// <summary>A session host that has joined (table <c>hosts</c>).</summary>
internal sealed class JoinedHost
{
    public const int DefaultQuotaPerHour = 3_600;
    public const int MaxQuotaPerHour = 1_000_000;

    private static readonly TimeSpan QuotaHour = TimeSpan.FromHours(1);

    public required Guid HostId { get; init; }

    public required string Name { get; init; }

    /// <summary>32 hexadecimal digits: the machine's own word.</summary>
    public required string MachineId { get; init; }

    /// <summary>The host's key, SubjectPublicKeyInfo.</summary>
    public required byte[] PublicKey { get; init; }

    public required CalVersion Version { get; init; }

    public required LicensingMode Mode { get; init; }

    public required DateTimeOffset JoinedAt { get; init; }

    /// <summary>The newest certificate's to-be-signed bytes: stored and committed before they are signed.</summary>
    public byte[] CertificateToBeSigned { get; private set; } = [];

    public DateTimeOffset CertificateUntil { get; private set; }

    /// <summary>Written at most once a minute, without an audit entry.</summary>
    public DateTimeOffset? LastSeenAt { get; private set; }

    /// <summary>Whether the host may ask for CALs; it stays a member when it may not.</summary>
    public bool Allowed { get; set; } = true;

    /// <summary>New permanent CALs that it may take in an hour.</summary>
    public int QuotaPerHour { get; set; } = DefaultQuotaPerHour;

    /// <summary>Local accounts of this host are other people than those of the same name elsewhere.</summary>
    public bool SeparateAccounts { get; set; }

    /// <summary>Its <see cref="HostGroup"/>; null where it is in none.</summary>
    public string? Group { get; set; }

    /// <summary>When the hour began in which <see cref="TakenInHour"/> were taken. Both are written without an audit entry.</summary>
    public DateTimeOffset? HourBegan { get; private set; }

    public int TakenInHour { get; private set; }

    /// <summary>When it last sent all its receipts to a recovering license server. Without an audit entry.</summary>
    public DateTimeOffset? ReceiptsAt { get; set; }

    public DateTimeOffset? RemovedAt { get; private set; }

    public long LedgerNumber { get; set; }

    public void Certify(byte[] toBeSigned, DateTimeOffset until)
    {
        CertificateToBeSigned = toBeSigned;
        CertificateUntil = until;
    }

    public void Seen(DateTimeOffset now)
    {
        if (LastSeenAt is not { } last || now - last >= TimeSpan.FromMinutes(1))
            LastSeenAt = now;
    }

    public bool HasQuota(DateTimeOffset now) => TakenIn(now) < QuotaPerHour;

    /// <summary>A new CAL was taken. The hour begins with the first one.</summary>
    public void Take(DateTimeOffset now)
    {
        var taken = TakenIn(now);
        if (taken == 0)
            HourBegan = now;
        TakenInHour = taken + 1;
    }

    private int TakenIn(DateTimeOffset now) => HourBegan is { } began && now - began < QuotaHour ? TakenInHour : 0;

    public void Remove(DateTimeOffset now) => RemovedAt ??= now;
}

/// <summary>An invitation that was given out (table <c>invitations</c>). The token itself is not stored.</summary>
internal sealed class IssuedInvitation
{
    /// <summary>SHA-256 of the token.</summary>
    public required byte[] TokenHash { get; init; }

    public required CalVersion Version { get; init; }

    public required LicensingMode Mode { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The host that used it; null before.</summary>
    public Guid? HostId { get; private set; }

    public long LedgerNumber { get; set; }

    public void UseFor(JoinedHost host)
    {
        if (HostId is not null)
            throw new InvalidOperationException("the invitation is used");
        HostId = host.HostId;
    }
}
