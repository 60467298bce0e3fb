using Ostiary.Contracts.Administration;

namespace Ostiary.SessionHost.Storage;

// The rows of session-host.db. Times are UTC ticks in the database, so that they sort and compare there.

/// <summary>A license server that this host joined.</summary>
internal sealed class MembershipRow
{
    /// <summary>The pinned key, 64 hexadecimal digits.</summary>
    public required string Fingerprint { get; set; }

    /// <summary>Servers are asked in this order.</summary>
    public int Position { get; set; }

    public required string Address { get; set; }

    public Guid HostId { get; set; }

    /// <summary>The host's certificate, PEM, followed by the license server's and those above it without the root.</summary>
    public required string Certificate { get; set; }

    /// <summary>The published root as it was first given, PEM. Another one takes its place only where this one has signed it, or by joining anew.</summary>
    public string? Root { get; set; }

    /// <summary>What is known of the publisher beyond that root; null while that is nothing.</summary>
    public byte[]? Trust { get; set; }

    public int Version { get; set; }

    public int Mode { get; set; }

    public DateTimeOffset JoinedAt { get; set; }

    /// <summary>The highest ledger number seen, its hash and the license server's signature: evidence.</summary>
    public long LedgerNumber { get; set; }

    public byte[]? LedgerHash { get; set; }

    public byte[]? LedgerSignature { get; set; }

    /// <summary>The newest revocation list seen, as it was signed.</summary>
    public byte[]? RevocationList { get; set; }
}

/// <summary>A key that a license server had before the pinned one; what it signed is still about.</summary>
internal sealed class PredecessorRow
{
    /// <summary>The key that was, 64 hexadecimal digits.</summary>
    public required string Fingerprint { get; set; }

    /// <summary>The membership that it belongs to by now.</summary>
    public required string Successor { get; set; }

    /// <summary>This host's number at the license server that had the key.</summary>
    public Guid HostId { get; set; }

    /// <summary>The key's certificate and those above it without the root, PEM.</summary>
    public required string Certificates { get; set; }

    /// <summary>A <see cref="Contracts.Statements.SuccessionCause"/>.</summary>
    public int Cause { get; set; }

    /// <summary>What says so, as it was signed: evidence.</summary>
    public required byte[] Statement { get; set; }

    public DateTimeOffset FollowedAt { get; set; }
}

/// <summary>
/// That a grace record was written here. It lies with the memberships: whoever takes both away must join again, and then the license server
/// gives its copy.
/// </summary>
internal sealed class GraceMarkRow
{
    /// <summary>The one row.</summary>
    public const int Only = 1;

    public int Id { get; set; } = Only;
}

/// <summary>What the host keeps of a CAL that it passed on or admitted.</summary>
internal sealed class ReceiptRow
{
    public required string Serial { get; set; }

    /// <summary>The license server's key.</summary>
    public required string LicenseServer { get; set; }

    /// <summary>40 hexadecimal digits.</summary>
    public required string HardwareId { get; set; }

    public required string Device { get; set; }

    public int Version { get; set; }

    public bool Temporary { get; set; }

    public DateTimeOffset IssuedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public long LedgerNumber { get; set; }

    /// <summary>The stored form, kept for a client that holds a license of somebody else, which is not replaced.</summary>
    public byte[]? Stored { get; set; }

    public DateTimeOffset SeenAt { get; set; }

    /// <summary>The key pack of a permanent CAL, and the license server's signature over it: with these a license server that has lost it knows it again.</summary>
    public Guid? PackId { get; set; }

    public byte[]? Signature { get; set; }
}

/// <summary>A connection past licensing.</summary>
internal sealed class SessionRow
{
    public long Id { get; set; }

    public required string Device { get; set; }

    /// <summary>40 hexadecimal digits; null when the client has not sent it.</summary>
    public string? HardwareId { get; set; }

    public required string Address { get; set; }

    public string? Account { get; set; }

    public required string Rule { get; set; }

    public string? Serial { get; set; }

    public bool Temporary { get; set; }

    /// <summary>Days that were left of the grace period that admitted it; null for other rows.</summary>
    public int? GraceDaysLeft { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public string? End { get; set; }

    public SessionRecord ToRecord() => new(Id, Device, Address, Account, Rule, Serial, Temporary, StartedAt, EndedAt, End, GraceDaysLeft, HardwareId);
}

/// <summary>A connection that was not admitted.</summary>
internal sealed class RefusalRow
{
    public long Id { get; set; }

    public DateTimeOffset At { get; set; }

    public required string Reason { get; set; }

    public required string Rule { get; set; }

    public string? Device { get; set; }

    public string? HardwareId { get; set; }

    public string? UserName { get; set; }

    public required string Address { get; set; }

    public required string Detail { get; set; }

    public required string Fix { get; set; }

    /// <summary>Only observed: it was admitted all the same.</summary>
    public bool Observed { get; set; }

    public RefusalRecord ToRecord() => new(Id, At, Reason, Rule, Device, HardwareId, UserName, Address, Detail, Fix, Observed);
}

/// <summary>A lease of a User CAL. It holds no name.</summary>
internal sealed class LeaseRow
{
    /// <summary>64 hexadecimal digits: host and person.</summary>
    public required string UserDigest { get; set; }

    /// <summary>The license server's key.</summary>
    public required string LicenseServer { get; set; }

    /// <summary>The statement as it was signed.</summary>
    public required byte[] Lease { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>A logon that the license server is still to be told of. The row goes when it has answered.</summary>
internal sealed class ValidationRow
{
    /// <summary>The request id: the same at every try.</summary>
    public Guid Id { get; set; }

    public required string LicenseServer { get; set; }

    public required string Serial { get; set; }

    public required string Account { get; set; }

    public DateTimeOffset At { get; set; }
}
