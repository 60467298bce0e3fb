using System.Globalization;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using CsCheck;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Symbols;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class CertificateFieldsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void What_is_written_is_what_the_framework_reads()
    {
        using var key = TestAuthority.NewKey();
        var serial = TestAuthority.Serial();
        var begin = new DateTimeOffset(2031, 12, 31, 23, 59, 59, TimeSpan.Zero);
        var fields = CertificateProfiles.LicenseServer(_authority.Issuing, TestAuthority.Spki(key), serial, begin, begin.AddYears(5));

        using var read = TestAuthority.Sign(fields, _authority.IssuingKey);

        Assert.Equal(3, read.Version);
        Assert.Equal(Convert.ToHexString(serial), read.SerialNumber);
        Assert.Equal("1.2.840.10045.4.3.2", read.SignatureAlgorithm.Value);
        Assert.Equal(begin.UtcDateTime, read.NotBefore.ToUniversalTime());
        Assert.Equal(begin.AddYears(5).UtcDateTime, read.NotAfter.ToUniversalTime());
        Assert.Equal(_authority.Issuing.SubjectName.RawData, read.IssuerName.RawData);
        Assert.Equal($"CN={LicenseServerId.Of(TestAuthority.Spki(key))}", read.Subject);
        Assert.Equal(TestAuthority.Spki(key), read.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Equal(
            fields.Extensions.Select(extension => (extension.Oid!.Value, extension.Critical, Convert.ToHexString(extension.RawData))),
            read.Extensions.Select(extension => (extension.Oid!.Value, extension.Critical, Convert.ToHexString(extension.RawData))));
        Assert.True(DeviceCal.IsSignedBy(read, _authority.Issuing));
    }

    [Fact]
    public void The_to_be_signed_bytes_are_those_that_the_framework_would_write()
    {
        using var key = TestAuthority.NewKey();
        var serial = TestAuthority.Serial();
        var fields = CertificateProfiles.LicenseServer(_authority.Issuing, TestAuthority.Spki(key), serial, TestAuthority.Begin, TestAuthority.Begin.AddYears(3));
        var request = new CertificateRequest(
            new X500DistinguishedName(fields.Subject), PublicKey.CreateFromSubjectPublicKeyInfo(fields.SubjectPublicKeyInfo, out _), new("SHA256"));
        foreach (var extension in fields.Extensions)
            request.CertificateExtensions.Add(extension);

        using var theirs = request.Create(
            _authority.Issuing.SubjectName, X509SignatureGenerator.CreateForECDsa(_authority.IssuingKey), fields.NotBefore, fields.NotAfter, serial);

        Assert.Equal(CertificateFields.Split(theirs.RawData).ToBeSigned.ToArray(), fields.ToBeSigned());
    }

    [Fact]
    public void The_same_fields_give_the_same_bytes_and_any_other_field_gives_others()
    {
        using var key = TestAuthority.NewKey();
        var serial = TestAuthority.Serial();
        CertificateFields Write(byte[] number, DateTimeOffset end)
            => CertificateProfiles.LicenseServer(_authority.Issuing, TestAuthority.Spki(key), number, TestAuthority.Begin, end);

        var bytes = Write(serial, TestAuthority.Begin.AddYears(10)).ToBeSigned();

        Assert.Equal(bytes, Write(serial, TestAuthority.Begin.AddYears(10)).ToBeSigned());
        Assert.NotEqual(bytes, Write(TestAuthority.Serial(), TestAuthority.Begin.AddYears(10)).ToBeSigned());
        Assert.NotEqual(bytes, Write(serial, TestAuthority.Begin.AddYears(9)).ToBeSigned());
    }

    [Fact]
    public void Dates_from_2050_on_are_written_as_RFC_5280_demands()
    {
        using var root = TestAuthority.Sign(
            CertificateProfiles.Root("Late", _authority.RootKey, TestAuthority.Serial(), new(2040, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2065, 1, 1, 0, 0, 0, TimeSpan.Zero)),
            _authority.RootKey);

        Assert.Equal(new DateTime(2065, 1, 1, 0, 0, 0, DateTimeKind.Utc), root.NotAfter.ToUniversalTime());
        Assert.Contains("20650101000000Z", System.Text.Encoding.ASCII.GetString(root.RawData), StringComparison.Ordinal);
        Assert.Contains("400101000000Z", System.Text.Encoding.ASCII.GetString(root.RawData), StringComparison.Ordinal);
    }

    [Fact]
    public void Serial_numbers_are_positive_and_of_full_length()
        => Gen.Byte.Array[CertificateFields.SerialLength].Sample(bytes =>
        {
            var serial = CertificateFields.MakeSerial(bytes);
            return serial.Length == CertificateFields.SerialLength && new BigInteger(serial, isUnsigned: false, isBigEndian: true) >= BigInteger.One << 126;
        });

    [Fact]
    public void No_certificate_outlives_its_issuer()
    {
        using var key = TestAuthority.NewKey();
        var spki = TestAuthority.Spki(key);
        var late = TestAuthority.Begin.AddYears(50);

        Assert.Equal(_authority.Root.NotAfter.ToUniversalTime(), CertificateProfiles.Issuing(_authority.Root, "x", spki, TestAuthority.Serial(), TestAuthority.Begin, late).NotAfter.UtcDateTime);
        Assert.Equal(_authority.Issuing.NotAfter.ToUniversalTime(), CertificateProfiles.LicenseServer(_authority.Issuing, spki, TestAuthority.Serial(), TestAuthority.Begin, late).NotAfter.UtcDateTime);
        Assert.Equal(_authority.Issuing.NotAfter.ToUniversalTime(), CertificateProfiles.ClearinghouseTls(_authority.Issuing, spki, TestAuthority.Serial(), TestAuthority.Begin, late).NotAfter.UtcDateTime);
        Assert.Equal(_authority.LicenseServer.NotAfter.ToUniversalTime(), CertificateProfiles.LicenseServerTls(_authority.LicenseServer, spki, TestAuthority.Serial(), TestAuthority.Begin, late).NotAfter.UtcDateTime);
    }

    [Theory]
    [InlineData("2026-03-01T00:00:00Z", true)]
    [InlineData("2036-02-29T00:00:00Z", true)]
    [InlineData("2036-03-02T00:00:00Z", false)]
    [InlineData("2026-02-28T00:00:00Z", false)]
    public void A_chain_leads_to_its_root_within_its_dates_only(string at, bool holds)
        => Assert.Equal(holds, CertificateChain.LeadsTo(_authority.Root, _authority.LicenseServer, [_authority.Issuing], DateTimeOffset.Parse(at, CultureInfo.InvariantCulture)));

    [Fact]
    public void A_chain_leads_to_no_other_root_and_not_without_its_links()
    {
        using var other = new TestAuthority();

        Assert.False(CertificateChain.LeadsTo(other.Root, _authority.LicenseServer, [_authority.Issuing], TestAuthority.Begin));
        Assert.False(CertificateChain.LeadsTo(_authority.Root, _authority.LicenseServer, [], TestAuthority.Begin));
        Assert.False(CertificateChain.LeadsTo(_authority.Root, _authority.LicenseServer, [other.Issuing], TestAuthority.Begin));
    }

    [Fact]
    public void A_license_server_cannot_certify_another()
    {
        using var key = TestAuthority.NewKey();
        using var below = TestAuthority.Sign(
            CertificateProfiles.LicenseServer(_authority.LicenseServer, TestAuthority.Spki(key), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(1)),
            _authority.LicenseServerKey);

        Assert.False(CertificateChain.LeadsTo(_authority.Root, below, [_authority.LicenseServer, _authority.Issuing], TestAuthority.Begin));
    }

    [Fact]
    public void No_kind_of_certificate_passes_for_another()
    {
        using var key = TestAuthority.NewKey();
        using var tls = TestAuthority.Sign(
            CertificateProfiles.ClearinghouseTls(_authority.Issuing, TestAuthority.Spki(key), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddDays(1)), _authority.IssuingKey);

        Assert.True(CertificateProfiles.HasOnlyUsage(_authority.LicenseServer, OstiaryOids.LicenseServerUsage));
        Assert.False(CertificateProfiles.HasOnlyUsage(_authority.LicenseServer, OstiaryOids.SessionHostUsage));
        Assert.False(CertificateProfiles.HasOnlyUsage(tls, OstiaryOids.ServerAuthentication));
        Assert.False(CertificateProfiles.HasOnlyUsage(_authority.Issuing, OstiaryOids.LicenseServerUsage));
    }

    // A client's certificate with the extension twice, or with garbage in it, ended in an exception that no caller expected.
    [Fact]
    public void Doubled_and_malformed_usages_are_no_usage()
    {
        using var key = TestAuthority.NewKey();
        var fields = CertificateProfiles.LicenseServer(_authority.Issuing, TestAuthority.Spki(key), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(1));
        var usage = fields.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single();
        using var doubled = TestAuthority.Sign(fields with { Extensions = [.. fields.Extensions, usage] }, _authority.IssuingKey);
        using var malformed = TestAuthority.Sign(
            fields with { Extensions = [new X509Extension(usage.Oid!, [0x30, 0x05, 0x01], true)] }, _authority.IssuingKey);

        Assert.False(CertificateProfiles.HasOnlyUsage(doubled, OstiaryOids.LicenseServerUsage));
        Assert.False(CertificateProfiles.HasOnlyUsage(malformed, OstiaryOids.LicenseServerUsage));
    }
}
