using Ostiary.Contracts.Activation;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>A deactivation: the payload of its confirmation, and the signed statement once there is one.</summary>
internal sealed class DeactivationRow
{
    public long Id { get; init; }

    /// <summary>The 38 bytes of <see cref="ActivationRequest"/>; they name the deactivation.</summary>
    public required byte[] Request { get; init; }

    public required string LicenseServerId { get; init; }

    /// <summary>Deterministic CBOR.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>COSE_Sign1; null until it is signed, and changed only when the key that signed it was withdrawn.</summary>
    public byte[]? Statement { get; private set; }

    /// <summary>The key that signed it, 64 hexadecimal digits.</summary>
    public string? Issuer { get; private set; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Product keys that can be redeemed again.</summary>
    public required int Freed { get; init; }

    /// <summary>CALs that went back to their agreements.</summary>
    public required int GivenBack { get; init; }

    /// <summary>Stores the statement, unless one is stored.</summary>
    public void Sign(byte[] statement, string issuer)
    {
        if (Statement is null)
            (Statement, Issuer) = (statement, issuer);
    }

    /// <summary>The statement is good for nothing any more: this payload is to be signed.</summary>
    public void Withdraw(byte[] payload) => (Payload, Statement, Issuer) = (payload, null, null);
}
