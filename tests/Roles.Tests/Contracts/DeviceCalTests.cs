using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CsCheck;
using Ostiary.Contracts.Certificates;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class DeviceCalTests : IDisposable
{
    private static readonly byte[] HardwareId = [.. Enumerable.Range(1, 20).Select(number => (byte)number)];
    private static readonly Guid Pack = Guid.Parse("0197a1b2-0000-7000-8000-000000000001");
    private static readonly DateTimeOffset Now = TestAuthority.Begin.AddDays(40);

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void A_stored_CAL_reads_back_and_is_valid()
    {
        var stored = Stored();

        Assert.True(stored.Length < DeviceCal.MaxStoredLength);
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
        {
            Assert.Equal((2022, false, Pack), (cal.Data.Version.Year, cal.Data.Temporary, cal.Data.PackId));
            Assert.Equal(KeyFingerprint.Of(_authority.LicenseServer), cal.LicenseServer);
            Assert.Matches("^[0-9a-f]{32}$", cal.Serial);
            Assert.Equal(TestAuthority.Begin.AddDays(30), cal.NotBefore);
            Assert.Equal(TestAuthority.Begin.AddDays(100), cal.NotAfter);
            Assert.Equal(DeviceCalVerdict.Valid, Verify(cal));
        }
    }

    [Fact]
    public void Each_verdict_has_its_cause()
    {
        using var other = new TestAuthority();
        var pinned = new[] { KeyFingerprint.Of(_authority.LicenseServer) };
        DeviceCal.TryRead(Stored(), out var cal);
        DeviceCal.TryRead(Stored(signer: other.LicenseServerKey), out var forged);
        using (cal)
        using (forged)
        {
            Assert.Equal(DeviceCalVerdict.IssuerNotPinned, cal!.Verify([KeyFingerprint.Of(other.LicenseServer)], _authority.Root, HardwareId, Now));
            Assert.Equal(DeviceCalVerdict.SignatureInvalid, forged!.Verify(pinned, _authority.Root, HardwareId, Now));
            Assert.Equal(DeviceCalVerdict.ChainInvalid, cal.Verify(pinned, other.Root, HardwareId, Now));
            Assert.Equal(DeviceCalVerdict.ChainInvalid, cal.Verify(pinned, null, HardwareId, Now));
            Assert.Equal(DeviceCalVerdict.ChainInvalid, cal.Verify(pinned, _authority.Root, HardwareId, Now.AddYears(11)));
            Assert.Equal(DeviceCalVerdict.HardwareIdDiffers, cal.Verify(pinned, _authority.Root, new byte[20], Now));
            Assert.Equal(DeviceCalVerdict.NotYetValid, cal.Verify(pinned, _authority.Root, HardwareId, cal.NotBefore.AddSeconds(-1)));
            Assert.Equal(DeviceCalVerdict.Valid, cal.Verify(pinned, _authority.Root, HardwareId, cal.NotAfter));
            Assert.Equal(DeviceCalVerdict.Expired, cal.Verify(pinned, _authority.Root, HardwareId, cal.NotAfter.AddSeconds(1)));
        }
    }

    [Fact]
    public void A_session_hosts_certificate_cannot_issue()
    {
        using var hostKey = TestAuthority.NewKey();
        using var host = TestAuthority.Sign(
            CertificateProfiles.SessionHost(_authority.LicenseServer, TestAuthority.Spki(hostKey), new(Pack, new(2022), LicensingMode.PerDevice), TestAuthority.Serial(), TestAuthority.Begin, Now.AddDays(30)),
            _authority.LicenseServerKey);
        DeviceCal.TryRead(Stored(issuer: host, signer: hostKey, chain: [host, _authority.LicenseServer, _authority.Issuing]), out var cal);

        using (cal)
            Assert.Equal(DeviceCalVerdict.ChainInvalid, cal!.Verify([KeyFingerprint.Of(host)], _authority.Root, HardwareId, Now));
    }

    [Fact]
    public void A_self_made_license_server_issues_temporary_CALs_only()
    {
        using var selfMade = TestAuthority.Sign(
            CertificateProfiles.LicenseServer(null, TestAuthority.Spki(_authority.LicenseServerKey), TestAuthority.Serial(), TestAuthority.Begin, Now.AddYears(1)), _authority.LicenseServerKey);
        DeviceCal.TryRead(Stored(issuer: selfMade, chain: [selfMade], temporary: true), out var temporary);
        DeviceCal.TryRead(Stored(issuer: selfMade, chain: [selfMade], temporary: false), out var permanent);

        using (temporary)
        using (permanent)
        {
            Assert.Equal(DeviceCalVerdict.Valid, temporary!.Verify([KeyFingerprint.Of(selfMade)], null, HardwareId, Now));
            Assert.Equal(DeviceCalVerdict.ChainInvalid, permanent!.Verify([KeyFingerprint.Of(selfMade)], _authority.Root, HardwareId, Now));
        }
    }

    [Fact]
    public void What_others_stored_is_not_ours()
    {
        var stored = Stored();
        var text = Encoding.ASCII.GetString(stored);
        using var key = RSA.Create(2048);
        using var foreign = new CertificateRequest("CN=foreign", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(Now, Now.AddDays(1));

        Assert.False(DeviceCal.TryRead([], out _));
        Assert.False(DeviceCal.TryRead("-----BEGIN CERTIFICATE-----"u8, out _));
        Assert.False(DeviceCal.TryRead(foreign.RawData, out _));
        Assert.False(DeviceCal.TryRead(Encoding.ASCII.GetBytes(foreign.ExportCertificatePem()), out _));
        Assert.False(DeviceCal.TryRead(Encoding.ASCII.GetBytes(foreign.ExportCertificatePem() + "\n" + foreign.ExportCertificatePem()), out _));
        Assert.False(DeviceCal.TryRead(Encoding.ASCII.GetBytes(text[..(text.IndexOf("END", StringComparison.Ordinal) + 20)]), out _));
        Assert.False(DeviceCal.TryRead(Encoding.ASCII.GetBytes(text.Replace("CERTIFICATE", "PRIVATE KEY", StringComparison.Ordinal)), out _));
        Assert.False(DeviceCal.TryRead([.. stored, .. new byte[DeviceCal.MaxStoredLength]], out _));
    }

    [Fact]
    public void Changed_bytes_are_refused_and_never_end_in_an_error()
    {
        var stored = Stored();
        var pinned = new[] { KeyFingerprint.Of(_authority.LicenseServer) };
        DeviceCal.TryRead(stored, out var original);
        Gen.Select(Gen.Int[0, stored.Length - 1], Gen.Byte).Sample(
            (place, value) =>
            {
                var changed = (byte[])stored.Clone();
                changed[place] = value;
                if (!DeviceCal.TryRead(changed, out var cal))
                    return true;
                using (cal)
                    return cal.Verify(pinned, _authority.Root, HardwareId, Now) != DeviceCalVerdict.Valid
                        || cal.ToBeSigned.Span.SequenceEqual(original!.ToBeSigned.Span);
            },
            iter: 3000,
            threads: 1);
    }

    // Inside the PEM, so that the changes reach the parsers of certificates and not only that of base64.
    [Fact]
    public void Changed_DER_is_refused_and_never_ends_in_an_error()
    {
        var der = TestAuthority.SignDer(Fields(_authority.LicenseServer, false), _authority.LicenseServerKey);
        var pinned = new[] { KeyFingerprint.Of(_authority.LicenseServer) };
        Gen.Select(Gen.Int[0, der.Length - 1], Gen.Byte).Sample(
            (place, value) =>
            {
                var changed = (byte[])der.Clone();
                changed[place] = value;
                if (!DeviceCal.TryRead(DeviceCal.WriteStored(changed, [_authority.LicenseServer, _authority.Issuing]), out var cal))
                    return true;
                using (cal)
                    return cal.Verify(pinned, _authority.Root, HardwareId, Now) != DeviceCalVerdict.Valid || changed.AsSpan().SequenceEqual(der)
                        || cal.ToBeSigned.Span.SequenceEqual(CertificateFields.Split(der).ToBeSigned.Span);
            },
            iter: 3000,
            threads: 1);
    }

    [Fact]
    public void The_subject_key_is_made_by_its_recipe()
    {
        var prime = BigInteger.Parse("0ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", System.Globalization.NumberStyles.HexNumber, null);
        var b = BigInteger.Parse("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", System.Globalization.NumberStyles.HexNumber, null);
        for (byte counter = 0; ; counter++)
        {
            var digest = SHA256.HashData([.. "Ostiary Device CAL subject key"u8, counter]);
            var x = new BigInteger(digest, isUnsigned: true, isBigEndian: true);
            var square = (BigInteger.ModPow(x, 3, prime) + (prime - 3) * x + b) % prime;
            var y = BigInteger.ModPow(square, (prime + 1) / 4, prime);
            if (x >= prime || y * y % prime != square)
                continue;
            if (!y.IsEven)
                y = prime - y;
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(DeviceCal.SubjectKey, out _);
            var point = key.ExportParameters(false).Q;
            Assert.Equal(1, counter);
            Assert.Equal(digest, point.X);
            Assert.Equal(y, new BigInteger(point.Y, isUnsigned: true, isBigEndian: true));
            return;
        }
    }

    [Fact]
    public void Two_license_servers_digests_of_one_device_differ()
        => Assert.NotEqual(
            DeviceCalData.DigestHardwareId(KeyFingerprint.Of(_authority.LicenseServer), HardwareId),
            DeviceCalData.DigestHardwareId(KeyFingerprint.Of(_authority.Issuing), HardwareId));

    [Fact]
    public void A_session_hosts_certificate_says_what_the_host_is()
    {
        using var key = TestAuthority.NewKey();
        var data = new SessionHostData(Pack, new(2019), LicensingMode.PerUser);
        using var host = TestAuthority.Sign(
            CertificateProfiles.SessionHost(_authority.LicenseServer, TestAuthority.Spki(key), data, TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddDays(30)), _authority.LicenseServerKey);

        Assert.True(SessionHostCertificate.TryRead(host, out var read));
        Assert.Equal(data, read);
        Assert.False(SessionHostCertificate.TryRead(_authority.LicenseServer, out _));
    }

    private static CertificateFields Fields(X509Certificate2 issuer, bool temporary)
        => CertificateProfiles.DeviceCal(
            issuer, new(new(2022), temporary, temporary ? Guid.Empty : Pack, DeviceCalData.DigestHardwareId(KeyFingerprint.Of(issuer), HardwareId)),
            TestAuthority.Serial(), TestAuthority.Begin.AddDays(30), TestAuthority.Begin.AddDays(100));

    private byte[] Stored(X509Certificate2? issuer = null, ECDsa? signer = null, X509Certificate2[]? chain = null, bool temporary = false)
        => DeviceCal.WriteStored(
            TestAuthority.SignDer(Fields(issuer ?? _authority.LicenseServer, temporary), signer ?? _authority.LicenseServerKey), chain ?? [_authority.LicenseServer, _authority.Issuing]);

    private DeviceCalVerdict Verify(DeviceCal cal) => cal.Verify([KeyFingerprint.Of(_authority.LicenseServer)], _authority.Root, HardwareId, Now);
}
