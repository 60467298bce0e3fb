using Ostiary.Contracts.Statements;

namespace Ostiary.LicenseServer.Storage;

/// <summary>A key that this license server, or one in whose place it stands, had before (table <c>successions</c>); while it is under way, the one that it has.</summary>
internal sealed class KeySuccession
{
    public long Id { get; private set; }

    /// <summary>The key that was, 64 hexadecimal digits.</summary>
    public required string Old { get; init; }

    /// <summary>The key that follows.</summary>
    public required string New { get; set; }

    public required SuccessionCause Cause { get; set; }

    /// <summary>What the administrator said; null where that was nothing.</summary>
    public required string? Reason { get; set; }

    public required DateTimeOffset PreparedAt { get; init; }

    /// <summary>What the old key signs; deterministic CBOR.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>Of the activation request of the new key.</summary>
    public required long Nonce { get; init; }

    /// <summary>As it counts, COSE_Sign1; null while it is under way.</summary>
    public byte[]? Statement { get; private set; }

    /// <summary>The issuing certificate whose key signed the statement, PEM; null where the old key did.</summary>
    public string? IssuingCertificate { get; private set; }

    /// <summary>The old key's certificate and those above it, PEM; null while it is under way.</summary>
    public string? OldCertificates { get; private set; }

    public DateTimeOffset? SwitchedAt { get; private set; }

    public long LedgerNumber { get; set; }

    /// <summary>The new key is in use.</summary>
    public void Switch(SuccessionCause cause, byte[] statement, string? issuing, string oldCertificates, DateTimeOffset now)
        => (Cause, Statement, IssuingCertificate, OldCertificates, SwitchedAt) = (cause, statement, issuing, oldCertificates, now);

    /// <summary>The same succession under another statement: the key that signed the one before is good for nothing any more.</summary>
    public void SignAgain(SuccessionCause cause, byte[] statement, string? issuing) => (Cause, Statement, IssuingCertificate) = (cause, statement, issuing);
}
