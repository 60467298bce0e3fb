using System.Security.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// The RSA key to which clients encrypt the premaster secret, and the certificate that shows it to them. Shared by all connections.
/// It protects the exchange inside TLS and is no part of our trust.
/// </summary>
/// <param name="certificate">The certificate blob of LICENSE_REQUEST, not empty.</param>
/// <param name="rsa">The private operation of the same key; disposed with this object.</param>
public sealed class LicensingServerKey(byte[] certificate, IRawRsa rsa) : IDisposable
{
    internal byte[] Certificate { get; } = certificate;

    internal IRawRsa Rsa { get; } = rsa;

    /// <summary>With a <see cref="ProprietaryCertificate"/>: recommended, every client tested takes it.</summary>
    /// <param name="key">RSA with private parameters; 2048 bits is what Windows uses.</param>
    public static LicensingServerKey WithProprietaryCertificate(RSAParameters key)
    {
        byte[] modulus = [.. key.Modulus!];
        Array.Reverse(modulus);
        byte[] exponent = [.. key.Exponent!];
        Array.Reverse(exponent);
        var certificate = TerminalServicesSigningKey.Certify(
            ProprietaryCertificate.ChainVersion1, (uint)LittleEndianNumber.Read(exponent), modulus);
        return new(Pdu.Encode(certificate), CreateRsa(key));
    }

    /// <summary>With an <see cref="X509CertificateChain"/>.</summary>
    /// <param name="key">RSA with private parameters.</param>
    /// <param name="chain">DER, issuer first, the certificate of <paramref name="key"/> last.</param>
    public static LicensingServerKey WithX509Chain(RSAParameters key, IReadOnlyList<byte[]> chain) =>
        new(Pdu.Encode(new X509CertificateChain(X509CertificateChain.ChainVersion2 | X509CertificateChain.Temporary, chain)), CreateRsa(key));

    public void Dispose() => Rsa.Dispose();

    /// <summary>Says nothing: it holds a private key.</summary>
    public override string ToString() => nameof(LicensingServerKey);

    private static IRawRsa CreateRsa(RSAParameters key) => LibcryptoRsa.IsAvailable ? new LibcryptoRsa(key) : new ManagedRsa(key);
}
