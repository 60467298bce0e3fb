using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Protocol.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class CertificateTests
{
    [Theory]
    [InlineData(512, 184)]
    [InlineData(2048, 376)]
    public void A_proprietary_certificate_is_signed_and_has_the_length_that_clients_know(int bits, int length)
    {
        using var key = LicensingServerKey.WithProprietaryCertificate(bits == 512 ? Keys.Rsa512 : Keys.Rsa2048);

        Assert.Equal(length, key.Certificate.Length);
        var certificate = Pdu.Decode<ProprietaryCertificate>(key.Certificate);
        Assert.Equal(65537u, certificate.PublicExponent);
        Assert.True(TerminalServicesSigningKey.IsSignatureRight(certificate));
    }

    [Fact]
    public void A_signature_is_over_every_byte_before_it()
    {
        var certificate = TerminalServicesSigningKey.Certify(1, 65537, [.. Enumerable.Repeat((byte)0xA5, 64)]);

        Assert.False(TerminalServicesSigningKey.IsSignatureRight(certificate with { Version = 1 | ProprietaryCertificate.Temporary }));
        Assert.False(TerminalServicesSigningKey.IsSignatureRight(certificate with { PublicExponent = 3 }));
        Assert.False(TerminalServicesSigningKey.IsSignatureRight(certificate with { Modulus = new byte[64] }));
        Assert.False(TerminalServicesSigningKey.IsSignatureRight(certificate with { Signature = new byte[64] }));
    }

    [Fact]
    public void A_signature_made_by_another_implementation_is_right()
    {
        // The certificate that xrdp 0.9 sends in its license request, as seen on the wire.
        var certificate = CapturedCertificate();

        Assert.True(TerminalServicesSigningKey.IsSignatureRight(certificate));
        var again = TerminalServicesSigningKey.Certify(certificate.Version, certificate.PublicExponent, certificate.Modulus);
        Assert.Equal(certificate.Signature, again.Signature);
    }

    [Fact]
    public void Licensing_works_with_an_x509_chain()
    {
        using var rsa = RSA.Create(Keys.Rsa2048);
        var request = new CertificateRequest("CN=host", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        using var key = LicensingServerKey.WithX509Chain(Keys.Rsa2048, [[1, 2, 3], certificate.RawData]);
        var exchange = new LicensingExchange(new(key, ExchangeScripts.Product, ExchangeScripts.Envelope, true));
        var client = new LicensingClientScript(new() { StoredLicense = [1, 2, 3] });

        var started = exchange.Step(new ExchangeInput.Start(ExchangeScripts.Random));
        var asked = exchange.Step(ExchangeScripts.Received(client.Answer(ExchangeScripts.LicensingIn((ExchangeOutput.Send)started[0]))));

        var question = Assert.IsType<LicenseQuestion.Presented>(Assert.IsType<ExchangeOutput.Ask>(Assert.Single(asked)).Question);
        Assert.Equal([1, 2, 3], question.License);
    }

    private static ProprietaryCertificate CapturedCertificate()
    {
        var request = Assert.IsType<LicenseRequest>(Pdu.Decode<LicensingPdu>(Corpora.Read("AnyPdu", "xrdp-0.9-license-request")).Message);
        return Pdu.Decode<ProprietaryCertificate>(request.ServerCertificate.Data);
    }
}
