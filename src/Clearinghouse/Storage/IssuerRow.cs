using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>An issuing certificate that the signer has shown: what it signed is recognised also after it has been followed by another.</summary>
internal sealed class IssuerRow
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>DER.</summary>
    public required byte[] Certificate { get; init; }

    public required DateTimeOffset FirstSeenAt { get; init; }

    public static IssuerRow Of(X509Certificate2 certificate, DateTimeOffset now)
        => new() { Fingerprint = KeyFingerprint.Of(certificate).Hex, Certificate = certificate.RawData, FirstSeenAt = now };
}
