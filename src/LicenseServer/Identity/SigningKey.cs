using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;

namespace Ostiary.LicenseServer.Identity;

/// <summary>
/// The license server's key: signs CALs, host certificates, heads and requests. Any number of callers at once;
/// each takes a handle of its own, because one handle of the framework promises nothing to two threads.
/// </summary>
internal sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly ConcurrentBag<ECDsa> _idle = [];

    public SigningKey(ECDsa key)
    {
        _key = key;
        PublicKey = key.ExportSubjectPublicKeyInfo();
        Fingerprint = KeyFingerprint.Of(PublicKey);
    }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public byte[] PublicKey { get; }

    public KeyFingerprint Fingerprint { get; }

    /// <summary>Signs the to-be-signed bytes of a certificate: Ecdsa-Sig-Value, DER.</summary>
    public byte[] SignCertificate(byte[] toBeSigned) => With(key => CertificateFields.Sign(toBeSigned, key));

    /// <summary>Whether this key signed the to-be-signed bytes of a certificate.</summary>
    public bool HasSigned(ReadOnlyMemory<byte> toBeSigned, byte[] signature)
        => With(key => key.VerifyData(toBeSigned.Span, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

    /// <summary>Whether this key made a signature with r and s (IEEE P1363).</summary>
    public bool HasSignedFixed(byte[] toBeSigned, byte[] signature)
        => With(key => key.VerifyData(toBeSigned, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    /// <summary>The payload of a statement that this key has signed; null of any other.</summary>
    public byte[]? OpenStatement(byte[] statement) => With(key => Statement.TryVerify(statement, key, out var payload) ? payload : null);

    /// <summary>Signs with r and s (IEEE P1363), 64 bytes.</summary>
    public byte[] Sign(byte[] toBeSigned)
        => With(key => key.SignData(toBeSigned, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    public byte[] SignStatement(byte[] payload) => With(key => Statement.Sign(payload, key));

    public ActivationRequest Request(ActivationKind kind, uint nonce) => With(key => ActivationRequest.Of(key, kind, nonce));

    public void Dispose()
    {
        while (_idle.TryTake(out var key))
            key.Dispose();
        _key.Dispose();
    }

    private T With<T>(Func<ECDsa, T> use)
    {
        if (!_idle.TryTake(out var key))
            lock (_key)
                key = ECDsa.Create(_key.ExportParameters(true));
        try
        {
            return use(key);
        }
        finally
        {
            _idle.Add(key);
        }
    }
}
