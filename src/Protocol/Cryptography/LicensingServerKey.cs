namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// The RSA key to which clients encrypt the premaster secret, and the certificate that shows it to them. Shared by all connections.
/// It protects the exchange inside TLS and is no part of our trust.
/// </summary>
/// <param name="certificate">The certificate blob of LICENSE_REQUEST: proprietary (recommended) or X.509 chain.</param>
/// <param name="rsa">The private operation of the same key; disposed with this object.</param>
public sealed class LicensingServerKey(byte[] certificate, IRawRsa rsa) : IDisposable
{
    internal byte[] Certificate { get; } = certificate;

    internal IRawRsa Rsa { get; } = rsa;

    public void Dispose() => Rsa.Dispose();

    /// <summary>Says nothing: it holds a private key.</summary>
    public override string ToString() => nameof(LicensingServerKey);
}
