namespace Ostiary.Clearinghouse.Storage;

/// <summary>A key pack: the payload that is signed, and the signed statement once there is one.</summary>
internal sealed class KeyPackRow
{
    public required Guid PackId { get; init; }

    public required long ProductKeyId { get; init; }

    /// <summary>The key of the license server that it is for, 64 hexadecimal digits.</summary>
    public required string LicenseServer { get; set; }

    /// <summary>Deterministic CBOR.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>COSE_Sign1; null until it is signed, and changed only when the key that signed it was withdrawn.</summary>
    public byte[]? Statement { get; private set; }

    /// <summary>The key that signed it, 64 hexadecimal digits.</summary>
    public string? Issuer { get; private set; }

    /// <summary>When its product key was taken from its license server (given to another one, or freed by a deactivation), and the pack was revoked.</summary>
    public DateTimeOffset? TransferredAt { get; set; }

    /// <summary>When it was signed last. Without a statement: it is on its way to be signed again.</summary>
    public DateTimeOffset? SignedAt { get; private set; }

    /// <summary>Stores the statement, unless one is stored: what was once given out stays what is given out.</summary>
    public void Sign(byte[] statement, string issuer, DateTimeOffset now)
    {
        if (Statement is not null)
            return;
        (Statement, Issuer, SignedAt) = (statement, issuer, now);
    }

    /// <summary>Its product key came back to its license server: this payload is to be signed.</summary>
    public void Revive(byte[] payload)
    {
        Withdraw(payload);
        (TransferredAt, SignedAt) = (null, null);
    }

    /// <summary>The statement is good for nothing any more: this payload is to be signed.</summary>
    public void Withdraw(byte[] payload) => (Payload, Statement, Issuer) = (payload, null, null);

    /// <summary>Its license server has another key: the same pack, to be signed for that one.</summary>
    public void Follow(string licenseServer, byte[] payload)
    {
        LicenseServer = licenseServer;
        Withdraw(payload);
    }
}
