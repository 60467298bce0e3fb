using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Each named limit: what is at it passes, what is one over does not, though the bytes are all there.</summary>
public sealed class LimitsTests
{
    [Fact]
    public void Static_channels()
    {
        AtAndOver<ClientNetworkData>(Limits.StaticChannels, count => [.. U32(count), .. new byte[12 * count]], "channelCount");
        AtAndOver<ServerNetworkData>(Limits.StaticChannels, count => [0xEB, 3, .. U16(count), .. new byte[2 * (count + (count & 1))]], "channelCount");
    }

    [Fact]
    public void Client_info_strings()
    {
        for (var which = 0; which < 5; which++)
        {
            var index = which;
            AtAndOver<ClientInfo>(
                Limits.ClientInfoString,
                length =>
                {
                    var lengths = new byte[10];
                    U16(length).CopyTo(lengths, 2 * index);
                    return [.. U32(0), .. U32((int)ClientInfoFlags.Unicode), .. lengths, .. new byte[length + 10]];
                },
                new[] { "cbDomain", "cbUserName", "cbPassword", "cbAlternateShell", "cbWorkingDir" }[index]);
        }

        AtAndOver<ExtendedClientInfo>(Limits.ClientInfoString, length => [2, 0, .. U16(length), .. new byte[length], 2, 0, 0, 0], "cbClientAddress");
    }

    [Fact]
    public void Licensing_blobs_of_names_and_secrets() =>
        AtAndOver<LicensingBlob>(Limits.LicensingBlob, length => [1, 0, .. U16(length), .. new byte[length]], "wBlobLen");

    [Fact]
    public void Presented_licenses() =>
        AtAndOver<LicenseInfo>(
            Limits.PresentedLicense,
            length => [.. new byte[40], 2, 0, 0, 0, 1, 0, .. U16(length), .. new byte[length], 9, 0, 0, 0, .. new byte[16]],
            "wBlobLen");

    [Fact]
    public void Scopes()
    {
        byte[] start = [.. new byte[32], .. U32(0), .. U32(0), .. U32(0), 0x0D, 0, 0, 0, 3, 0, 0, 0];
        AtAndOver<LicenseRequest>(Limits.Scopes, count => [.. start, .. U32(count), .. new byte[4 * count]], "ScopeCount");
        AtAndOver<LicenseRequest>(Limits.Scope, length => [.. start, .. U32(1), 0x0E, 0, .. U16(length), .. new byte[length]], "wBlobLen");
        AtAndOver<NewLicenseInfo>(
            Limits.Scope, length => [.. U32(0), .. U32(length), .. new byte[length - 1], 0, .. U32(0), .. U32(0), .. U32(0)], "cbScope");
    }

    [Fact]
    public void Product_strings() =>
        AtAndOver<ProductInfo>(Limits.ProductInfoString, length => [.. U32(0), .. U32(length), .. new byte[length], .. U32(0)], "cbCompanyName");

    [Fact]
    public void Certificates()
    {
        AtAndOver<X509CertificateChain>(
            Limits.ChainCertificates, count => [.. U32(2), .. U32(count), .. new byte[4 * count], .. new byte[8 + 4 * count]], "NumCertBlobs");
        AtAndOver<X509CertificateChain>(
            Limits.ChainCertificate, length => [.. U32(2), .. U32(1), .. U32(length), .. new byte[length], .. new byte[12]], "cbCert");
        AtAndOver<ProprietaryCertificate>(
            Limits.RsaModulus,
            length => Pdu.Encode(new ProprietaryCertificate(1, 65537, new byte[length], new byte[64])),
            "keylen");
    }

    [Fact]
    public void Mcs_selectors()
    {
        AtAndOver<McsConnectInitial>(
            Limits.McsConnectField, length => Pdu.Encode(new McsConnectInitial([]) { CallingSelector = new byte[length] }), "callingDomainSelector");
    }

    [Fact]
    public void A_license_to_issue_has_a_length_that_fits_one_pdu()
    {
        Assert.Equal(Limits.IssuedLicense, new LicenseDecision.Granted(new byte[Limits.IssuedLicense]).License!.Length);
        Assert.Throws<ArgumentException>(() => new LicenseDecision.Granted(new byte[Limits.IssuedLicense + 1]));
        Assert.Throws<ArgumentException>(() => new LicenseDecision.Granted([]));
    }

    [Fact]
    public void The_texts_of_a_product_leave_room_for_the_longest_license()
    {
        var longest = new LicensedProduct(1, new('c', 150), new('p', 150), new('s', 200));

        var info = Pdu.Encode(new NewLicenseInfo(longest.Scope, new(1, longest.Company, longest.ProductId), new byte[Limits.IssuedLicense]));
        var frame = new McsEnvelope(1007, 1003).Indication(
            Pdu.Encode(new LicensingPdu(new NewLicense(new(LicensingBlobType.EncryptedData, info), new byte[16]))));

        Assert.True(frame.Length <= Limits.FrameBeforeLicensing);
        Assert.Throws<ArgumentException>(() => new LicensedProduct(1, new('c', 150), new('p', 150), new('s', 201)));
    }

    private static void AtAndOver<T>(int limit, Func<int, byte[]> bytes, string field) where T : IPdu<T>
    {
        _ = Pdu.Decode<T>(bytes(limit));

        var exception = Assert.Throws<WireFormatException>(() => Pdu.Decode<T>(bytes(limit + 1)));
        Assert.Equal(field, exception.Field);
        Assert.Contains(limit.ToString(System.Globalization.CultureInfo.InvariantCulture), field == "keylen" ? $"{limit}" : exception.Reason, StringComparison.Ordinal);
    }

    private static byte[] U16(int value) => [(byte)value, (byte)(value >> 8)];

    private static byte[] U32(int value) => BitConverter.GetBytes(value);
}
