using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CsCheck;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Symbols;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class ActivationAnswerTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly ActivationRequest _request;
    private readonly ActivationAnswer _answer;

    public ActivationAnswerTests()
    {
        _request = ActivationRequest.Of(_authority.LicenseServerKey, ActivationKind.Activate, 0xDEADBEEF);
        var day = (ushort)(TestAuthority.Begin - DateTimeOffset.UnixEpoch).Days;
        var keyId = KeyFingerprint.Of(_authority.Issuing).KeyId;
        var toBeSigned = ActivationAnswer.ToBeSigned(_request, day, keyId, 10, _authority.Issuing);
        _answer = new(day, keyId, 10, _authority.IssuingKey.SignData(toBeSigned, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void A_request_is_38_bytes_and_reads_back()
    {
        var bytes = _request.Encode();

        Assert.Equal(ActivationRequest.Length, bytes.Length);
        Assert.Equal([0x01, 0xDE, 0xAD, 0xBE, 0xEF], bytes[33..]);
        Assert.True(ActivationRequest.TryDecode(bytes, out var read));
        Assert.Equal(bytes, read.Encode());
        Assert.Equal(TestAuthority.Spki(_authority.LicenseServerKey), read.SubjectPublicKeyInfo());
    }

    [Fact]
    public void Every_point_of_the_framework_survives_compression()
    {
        for (var number = 0; number < 200; number++)
        {
            using var key = TestAuthority.NewKey();
            Assert.Equal(TestAuthority.Spki(key), ActivationRequest.Of(key, ActivationKind.Activate, 0).SubjectPublicKeyInfo());
        }
    }

    [Fact]
    public void Wrong_lengths_kinds_and_points_are_no_request()
    {
        var bytes = _request.Encode();
        byte[] With(int place, byte value)
        {
            var changed = (byte[])bytes.Clone();
            changed[place] = value;
            return changed;
        }

        Assert.False(ActivationRequest.TryDecode(bytes.AsSpan(1), out _));
        Assert.False(ActivationRequest.TryDecode([.. bytes, 0], out _));
        Assert.False(ActivationRequest.TryDecode(With(33, 0), out _));
        Assert.False(ActivationRequest.TryDecode(With(0, 4), out _));
        // x = 2^256 - 1 is no element of the field.
        Assert.False(ActivationRequest.TryDecode([2, .. Enumerable.Repeat((byte)0xFF, 32), .. bytes[33..]], out _));
    }

    [Fact]
    public void About_half_of_all_x_are_points_and_the_framework_takes_each_of_them()
    {
        var points = 0;
        for (var number = 0; number < 200; number++)
        {
            byte[] bytes = [3, .. SHA256.HashData([(byte)number]), 1, 0, 0, 0, 0];
            if (!ActivationRequest.TryDecode(bytes, out var request))
                continue;
            points++;
            // The framework refuses a point that is not on the curve.
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(request.SubjectPublicKeyInfo(), out _);
        }

        Assert.InRange(points, 60, 140);
    }

    [Fact]
    public void Both_sides_build_the_same_bytes_and_the_certificate_leads_to_the_root()
    {
        var der = _answer.TryAssemble(_request, _authority.Issuing);

        Assert.NotNull(der);
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        Assert.Equal(
            ActivationAnswer.ToBeSigned(_request, _answer.Day, _answer.KeyId, _answer.Term, _authority.Issuing), CertificateFields.Split(der).ToBeSigned.ToArray());
        Assert.True(CertificateChain.LeadsTo(_authority.Root, certificate, [_authority.Issuing], TestAuthority.Begin.AddDays(1)));
        Assert.Equal($"CN={LicenseServerId.Of(TestAuthority.Spki(_authority.LicenseServerKey))}", certificate.Subject);
        Assert.Equal(TestAuthority.Begin.UtcDateTime, certificate.NotBefore.ToUniversalTime());
        Assert.Equal(TestAuthority.Begin.AddYears(10).UtcDateTime, certificate.NotAfter.ToUniversalTime());
    }

    [Fact]
    public void A_changed_field_or_signature_never_verifies()
    {
        using var otherAuthority = new TestAuthority();

        Assert.Null((_answer with { Day = (ushort)(_answer.Day + 1) }).TryAssemble(_request, _authority.Issuing));
        Assert.Null((_answer with { Term = 11 }).TryAssemble(_request, _authority.Issuing));
        Assert.Null((_answer with { KeyId = _answer.KeyId + 1 }).TryAssemble(_request, _authority.Issuing));
        Assert.Null(_answer.TryAssemble(_request with { Nonce = 1 }, _authority.Issuing));
        Assert.Null(_answer.TryAssemble(ActivationRequest.Of(otherAuthority.LicenseServerKey, ActivationKind.Activate, _request.Nonce), _authority.Issuing));
        Assert.Null(_answer.TryAssemble(_request, otherAuthority.Issuing));
        Assert.Null((_answer with { Signature = _answer.Signature[..63] }).TryAssemble(_request, _authority.Issuing));
        Gen.Select(Gen.Int[0, 63], Gen.Int[1, 255]).Sample(
            (place, difference) =>
            {
                var changed = (byte[])_answer.Signature.Clone();
                changed[place] ^= (byte)difference;
                return (_answer with { Signature = changed }).TryAssemble(_request, _authority.Issuing) is null;
            },
            iter: 500);
    }
}
