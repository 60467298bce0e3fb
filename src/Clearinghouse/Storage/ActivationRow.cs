using Ostiary.Contracts.Activation;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>An activation: what was asked, the bytes that are signed for it, and the signature once there is one.</summary>
internal sealed class ActivationRow
{
    public long Id { get; init; }

    /// <summary>The 38 bytes of <see cref="ActivationRequest"/>; they name the activation.</summary>
    public required byte[] Request { get; init; }

    public required string LicenseServerId { get; init; }

    public required ushort Day { get; set; }

    public required uint KeyId { get; set; }

    public required byte Term { get; set; }

    /// <summary>The issuing certificate's key, 64 hexadecimal digits.</summary>
    public required string Issuer { get; set; }

    /// <summary>The TBSCertificate, DER.</summary>
    public required byte[] ToBeSigned { get; set; }

    /// <summary>64 bytes; null until it is signed, and changed only when the key that signed it was withdrawn.</summary>
    public byte[]? Signature { get; private set; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>When it was signed last. Without a signature: it is on its way to be signed again.</summary>
    public DateTimeOffset? SignedAt { get; private set; }

    /// <summary>When the license server was deactivated: this activation has ended. Null while it is in force.</summary>
    public DateTimeOffset? DeactivatedAt { get; set; }

    /// <summary>Stores the signature, unless one is stored: what was once given out stays what is given out.</summary>
    public void Sign(byte[] signature, DateTimeOffset now)
    {
        if (Signature is not null)
            return;
        Signature = signature;
        SignedAt = now;
    }

    /// <summary>What is stored is good for nothing any more: other bytes are to be signed.</summary>
    public void Withdraw() => Signature = null;
}
