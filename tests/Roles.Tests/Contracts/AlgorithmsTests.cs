using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.Cose;
using System.Security.Cryptography.X509Certificates;
using CsCheck;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

/// <summary>Verifiers take a fixed list of algorithms, whatever a document names; and the documents that say whom to trust have one form.</summary>
public sealed class AlgorithmsTests : IDisposable
{
    private static readonly DateTimeOffset At = TestAuthority.Begin.AddDays(1);

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    public static TheoryData<string> Weaker { get; } = ["RSA", "P-384", "secp256k1", "SHA-384"];

    [Theory]
    [MemberData(nameof(Weaker))]
    public void A_chain_that_holds_by_another_algorithm_leads_to_nothing(string weaker)
    {
        using var root = Authority("CN=root", weaker, null);
        using var leaf = Authority("CN=leaf", "ours", root);

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = At.UtcDateTime;
        // The framework takes it, and we do not.
        Assert.True(chain.Build(leaf) || weaker == "secp256k1");
        Assert.False(CertificateChain.LeadsTo(root, leaf, [], At));
        Assert.False(PublisherTrust.Of(root).LeadsTo(leaf, [], At));
        Assert.False(DeviceCal.IsSignedBy(root, root));
        // Of the last one, only what the root says of itself is by another algorithm.
        Assert.Equal(weaker == "SHA-384", DeviceCal.IsSignedBy(leaf, root));
        Assert.False(RootCertificates.IsRoot(root));
    }

    [Theory]
    [InlineData("nistP384")]
    [InlineData("secp256k1")]
    [InlineData("brainpoolP256r1")]
    public void A_statement_by_a_key_of_another_curve_does_not_verify(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        var message = CoseSign1Message.SignEmbedded([1, 2, 3], new CoseSigner(key, HashAlgorithmName.SHA256));

        Assert.True(CoseMessage.DecodeSign1(message).VerifyEmbedded(key));
        Assert.False(Statement.TryVerify(message, key, out _));
    }

    [Fact]
    public void The_lists_read_back_as_they_were_written_and_every_truncated_one_is_rejected()
    {
        var keys = new[] { KeyFingerprint.Of(_authority.Issuing), KeyFingerprint.Of(_authority.LicenseServer) }.OrderBy(key => key.Hex, StringComparer.Ordinal).ToArray();
        var withdrawn = new WithdrawnIssuingKeysStatement(3, At, [new(keys[0], At), new(keys[1], At.AddDays(1))]);
        var revoked = new ClearinghouseRevocationsStatement(
            4, At, [new(keys[0], ClearinghouseRevocationReason.Lost, At)], [new(Guid.Parse("0197a1b2-0000-7000-8000-000000000001"), ClearinghouseRevocationReason.Refunded, At)]);
        var replacement = new ReplacementRequestStatement(RandomNumberGenerator.GetBytes(Ostiary.Contracts.Activation.ActivationRequest.Length), [Guid.NewGuid(), Guid.NewGuid()]);

        RoundTrip(withdrawn.Encode(), bytes => WithdrawnIssuingKeysStatement.Decode(bytes).Encode());
        RoundTrip(revoked.Encode(), bytes => ClearinghouseRevocationsStatement.Decode(bytes).Encode());
        RoundTrip(replacement.Encode(), bytes => ReplacementRequestStatement.Decode(bytes).Encode());
        Assert.Throws<CborContentException>(() => WithdrawnIssuingKeysStatement.Decode((withdrawn with { Keys = [.. withdrawn.Keys.Reverse()] }).Encode()));
        Assert.Throws<CborContentException>(() => ClearinghouseRevocationsStatement.Decode(
            (revoked with { KeyPacks = [.. Enumerable.Repeat(revoked.KeyPacks[0], ClearinghouseRevocationsStatement.MaxEntries + 1)] }).Encode()));
        Assert.Throws<CborContentException>(() => ReplacementRequestStatement.Decode((replacement with { KeyPacks = [.. Enumerable.Repeat(Guid.Empty, 101)] }).Encode()));
    }

    [Fact]
    public void A_full_revocation_list_fits_into_a_statement()
    {
        var at = new DateTimeOffset(2199, 1, 1, 0, 0, 0, TimeSpan.Zero);
        RevokedLicenseServer Server(int number) => new(KeyFingerprint.TryParse($"{number:x64}", out var key) ? key : throw new InvalidOperationException(), ClearinghouseRevocationReason.Refunded, at);
        var full = new ClearinghouseRevocationsStatement(
            long.MaxValue, at, [.. Enumerable.Range(1, ClearinghouseRevocationsStatement.MaxEntries).Select(Server)],
            [.. Enumerable.Range(1, ClearinghouseRevocationsStatement.MaxEntries).Select(number => new RevokedKeyPack(new Guid(number, 0, 0, new byte[8]), ClearinghouseRevocationReason.Refunded, at))]);

        var message = Statement.Sign(full.Encode(), _authority.IssuingKey);

        Assert.InRange(message.Length, 1, Statement.MaxLength);
        Assert.True(Statement.TryVerify(message, _authority.IssuingKey, out _));
    }

    [Fact]
    public void Documents_from_anywhere_are_read_without_an_error()
    {
        var known = PublisherTrust.Of(_authority.Root);
        var good = CertificateChain.ToPem([_authority.Root, _authority.Issuing]);
        Gen.Select(Gen.String, Gen.Byte.Array, Gen.Byte.Array, Gen.Int[0, good.Length]).Sample((text, withdrawn, revocations, cut) =>
        {
            Assert.Same(known, known.Take(new(text, withdrawn, revocations, text), At));
            Assert.Same(known, known.Take(new(good[..cut] + text, withdrawn, revocations, good[..cut]), At));
        });
        Assert.Same(known, known.Take(new(new string('-', TrustDocuments.MaxPemLength + 1)), At));
    }

    private static void RoundTrip(byte[] encoded, Func<byte[], byte[]> again)
    {
        Assert.Equal(encoded, again(encoded));
        for (var length = 0; length < encoded.Length; length++)
            Assert.Throws<CborContentException>(() => again(encoded[..length]));
    }

    // An authority as another program would make it.
    private static X509Certificate2 Authority(string name, string algorithm, X509Certificate2? issuer)
    {
        using var rsa = RSA.Create(2048);
        using var key = ECDsa.Create(algorithm switch
        {
            "P-384" => ECCurve.NamedCurves.nistP384,
            "secp256k1" => ECCurve.CreateFromFriendlyName("secp256k1"),
            _ => ECCurve.NamedCurves.nistP256,
        });
        var request = algorithm == "RSA"
            ? new CertificateRequest(name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(name, key, algorithm == "SHA-384" ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        if (issuer is null)
            return request.CreateSelfSigned(TestAuthority.Begin, TestAuthority.Begin.AddYears(1));
        var generator = issuer.GetRSAPrivateKey() is { } rsaIssuer
            ? X509SignatureGenerator.CreateForRSA(rsaIssuer, RSASignaturePadding.Pkcs1)
            : X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!);
        return request.Create(issuer.SubjectName, generator, TestAuthority.Begin, TestAuthority.Begin.AddYears(1), TestAuthority.Serial());
    }
}
