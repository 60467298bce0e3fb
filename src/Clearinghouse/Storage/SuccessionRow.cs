using Ostiary.Contracts.Statements;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>A license server's key that another one has followed: the payload that is signed, and the signed statement once there is one.</summary>
internal sealed class SuccessionRow
{
    /// <summary>The key that was, 64 hexadecimal digits. It has one successor.</summary>
    public required string Old { get; init; }

    /// <summary>The key that follows.</summary>
    public required string New { get; init; }

    public required SuccessionCause Cause { get; set; }

    /// <summary>Deterministic CBOR.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>COSE_Sign1 of the old key, or of an issuing key; null until it is signed, and changed only when the key that signed it is good for nothing any more.</summary>
    public byte[]? Statement { get; private set; }

    /// <summary>The issuing key that signed it, 64 hexadecimal digits; null where the old key did.</summary>
    public string? Issuer { get; private set; }

    public required DateTimeOffset At { get; set; }

    /// <summary>Stores the statement, unless one is stored.</summary>
    /// <param name="statement">COSE_Sign1.</param>
    /// <param name="issuer">Null where the old key signed it.</param>
    public void Sign(byte[] statement, string? issuer)
    {
        if (Statement is null)
            (Statement, Issuer) = (statement, issuer);
    }

    /// <summary>The statement is good for nothing any more: this payload is to be signed.</summary>
    public void Withdraw(byte[] payload) => (Payload, Statement, Issuer) = (payload, null, null);
}
