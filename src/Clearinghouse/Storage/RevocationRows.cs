using Ostiary.Contracts.Statements;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>A license server or a key pack that is void, or was until it was lifted. What was lifted may be revoked again, as another row.</summary>
internal sealed class RevocationRow
{
    /// <summary>Names it to whoever lifts it.</summary>
    public long Id { get; init; }

    /// <summary>A license server's key, 64 hexadecimal digits, or a key pack's number, 32 of them.</summary>
    public required string Subject { get; init; }

    public required bool IsLicenseServer { get; init; }

    public required ClearinghouseRevocationReason Reason { get; init; }

    public required DateTimeOffset RevokedAt { get; init; }

    /// <summary>Since when it counts no more; null while it does.</summary>
    public DateTimeOffset? LiftedAt { get; private set; }

    /// <summary>Why it was lifted, in the words of whoever did.</summary>
    public string? LiftReason { get; private set; }

    public void Lift(string reason, DateTimeOffset now) => (LiftedAt, LiftReason) = (now, reason);
}

/// <summary>A revocation list: the payload that is signed, and the signed statement once there is one.</summary>
internal sealed class RevocationListRow
{
    public required long Number { get; init; }

    /// <summary>Deterministic CBOR.</summary>
    public required byte[] Payload { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>COSE_Sign1; null until it is signed, never changed after.</summary>
    public byte[]? Statement { get; private set; }

    /// <summary>The key that signed it, 64 hexadecimal digits.</summary>
    public string? Issuer { get; private set; }

    public void Sign(byte[] statement, string issuer) => (Statement, Issuer) = (statement, issuer);
}
