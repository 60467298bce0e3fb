using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Storage;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

public class CalTemplatesTests
{
    [Fact]
    public void A_filled_template_is_what_the_profile_makes_byte_for_byte()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var begin = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var own = CertificateProfiles.LicenseServer(null, key.ExportSubjectPublicKeyInfo(), CalSerial.Draw(TestLedger.Begin).ToBytes(), begin, begin.AddYears(40)).ToBeSigned();
        using var certificate = X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(own, CertificateFields.Sign(own, key)));
        var fingerprint = KeyFingerprint.Of(key);
        var templates = new CalTemplates(certificate, fingerprint);

        // The last one is after 2049, where the dates of certificates change their form.
        foreach (var day in new[] { 0, 1, 35, 500, 3_000, 9_000 })
            foreach (var pack in new Guid?[] { null, Guid.NewGuid(), Guid.NewGuid() })
            {
                var hardwareId = RandomNumberGenerator.GetBytes(20);
                var serial = CalSerial.Draw(TestLedger.Begin);
                var notBefore = begin.AddDays(day).AddSeconds(day * 7);
                var data = new DeviceCalData(new(2022), pack is null, pack ?? Guid.Empty, DeviceCalData.DigestHardwareId(fingerprint, hardwareId));

                var made = templates.Make(new(2022), pack, hardwareId, serial, notBefore, notBefore.AddDays(90));

                Assert.Equal(CertificateProfiles.DeviceCal(certificate, data, serial.ToBytes(), notBefore, notBefore.AddDays(90)).ToBeSigned(), made);
            }
    }
}
