using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Identity;

/// <summary>A key that this license server, or one in whose place it stands, had before. What it signed is still about; rare enough that a handle is made for each use.</summary>
internal sealed class Predecessor
{
    private readonly byte[] _publicKey;

    private Predecessor(KeySuccession row, IReadOnlyList<X509Certificate2> chain, SigningKey? retired)
    {
        (Chain, Retired, Cause, SwitchedAt) = (chain, retired, row.Cause, row.SwitchedAt ?? row.PreparedAt);
        _publicKey = chain[0].PublicKey.ExportSubjectPublicKeyInfo();
        Fingerprint = KeyFingerprint.Of(_publicKey);
        Templates = new(chain[0], Fingerprint);
        ChainText = Encoding.ASCII.GetBytes(CertificateChain.ToPem(chain));
        Document = row.Statement is null ? null : new(row.Statement, row.OldCertificates!, row.IssuingCertificate);
    }

    public KeyFingerprint Fingerprint { get; }

    public SuccessionCause Cause { get; }

    public DateTimeOffset SwitchedAt { get; }

    /// <summary>Its certificate and those above it without the root.</summary>
    public IReadOnlyList<X509Certificate2> Chain { get; }

    /// <summary>The chain in PEM, as it follows a CAL in a stored license.</summary>
    public byte[] ChainText { get; }

    /// <summary>Makes the to-be-signed bytes that the key has signed.</summary>
    public CalTemplates Templates { get; }

    /// <summary>What hosts follow by.</summary>
    public SuccessionDocument? Document { get; }

    /// <summary>The key itself, in the process that has used it, for answers that were decided before the switch; null in every later one.</summary>
    public SigningKey? Retired { get; }

    /// <summary>Nobody else can have signed with it: its signature proves.</summary>
    public bool Proves => Cause != SuccessionCause.Stolen;

    /// <param name="row">Switched.</param>
    /// <param name="retired">The key, if it is there.</param>
    public static Predecessor Of(KeySuccession row, SigningKey? retired = null)
        => new(row, CertificateChain.FromPem(row.OldCertificates ?? throw new InvalidDataException($"the certificates of succession {row.Id} are gone")), retired);

    /// <summary>Another license server, whose key packs came here: its key goes on signing there, and what it signed is a claim here.</summary>
    public static Predecessor Source(Reception reception)
        => new(
            new() { Old = reception.Source, New = "", Cause = SuccessionCause.Stolen, Reason = null, PreparedAt = reception.At, Payload = [], Nonce = 0 },
            CertificateChain.FromPem(reception.SourceCertificates), null);

    public bool HasSigned(ReadOnlyMemory<byte> toBeSigned, byte[] signature)
        => With(key => key.VerifyData(toBeSigned.Span, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

    public bool HasSignedFixed(byte[] toBeSigned, byte[] signature)
        => With(key => key.VerifyData(toBeSigned, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    /// <summary>The payload of a statement that it has signed; null of any other.</summary>
    public byte[]? OpenStatement(byte[] statement) => With(key => Statement.TryVerify(statement, key, out var payload) ? payload : null);

    private T With<T>(Func<ECDsa, T> use)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(_publicKey, out _);
        return use(key);
    }
}
