using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Tests.Clients;

/// <summary>Which client's habits a script has.</summary>
public enum ClientForm
{
    /// <summary>FreeRDP 2 and 3, and mstsc in what matters here: as the specification says.</summary>
    FreeRdp,

    /// <summary>rdesktop 1.9: zero premaster and random, a blob of 72 bytes, the challenge's ciphertext as answer, blob type 1.</summary>
    Rdesktop,
}

/// <summary>Everything about a licensing client that is not the exchange itself.</summary>
public sealed record LicensingClientOptions
{
    private const uint PlatformNt = 0x0401_0000;
    private const int RandomLength = 32;
    private const int PremasterLength = 48;

    public ClientForm Form { get; init; } = ClientForm.FreeRdp;

    public string UserName { get; init; } = "alice";

    /// <summary>Real clients derive the hardware id from it.</summary>
    public string MachineName { get; init; } = "KIOSK-01";

    /// <summary>What the client finds in its store.</summary>
    public byte[]? StoredLicense { get; init; }

    /// <summary>80 bytes: client random, then premaster secret. rdesktop uses neither.</summary>
    public byte[] Random { get; init; } = [.. Enumerable.Range(1, RandomLength + PremasterLength).Select(i => (byte)i)];

    internal byte[] ClientRandom => Form == ClientForm.Rdesktop ? new byte[RandomLength] : Random[..RandomLength];

    internal byte[] Premaster => Form == ClientForm.Rdesktop ? new byte[PremasterLength] : Random[RandomLength..];

    internal uint PlatformIdOfRequest => Form == ClientForm.Rdesktop ? 0xFF01_0000 : PlatformNt;

    internal uint PlatformIdOfInfo => Form == ClientForm.Rdesktop ? 0x0201_0000 : PlatformNt;

    internal LicensingBlobType EncryptedBlobType => Form == ClientForm.Rdesktop ? LicensingBlobType.Data : LicensingBlobType.EncryptedData;

    /// <summary>FreeRDP: platform and MD5 of the machine name. rdesktop: 2 and the first 16 characters of it.</summary>
    public HardwareId HardwareId
    {
        get
        {
            var name = Encoding.ASCII.GetBytes(MachineName);
            if (Form == ClientForm.FreeRdp)
                return new(PlatformNt, MD5.HashData(name));
            var data = new byte[16];
            name.AsSpan(0, Math.Min(name.Length, data.Length)).CopyTo(data);
            return new(2, data);
        }
    }

    internal LicensingPdu Wrap(ILicensingMessage message) => Form == ClientForm.Rdesktop
        ? new(new(SecurityFlags.LicensePacket), 2, message)
        : new(new(SecurityFlags.LicensePacket), LicensingPreamble.Version3 | LicensingPreamble.ExtendedErrorSupported, message);

    /// <summary>In clear: what goes into the response blob.</summary>
    internal byte[] ResponseTo(byte[] challenge) => Form == ClientForm.Rdesktop
        ? challenge
        : Pdu.Encode(new PlatformChallengeResponseData(
            PlatformChallengeResponseData.CurrentVersion, LicensingClientType.Other, 3, challenge));

    /// <summary>Raw RSA to the key in the certificate blob, and 8 zero bytes behind it.</summary>
    internal byte[] EncryptPremaster(byte[] certificate)
    {
        if (Form == ClientForm.Rdesktop)
            return new byte[72];
        var (modulus, exponent, length) = PublicKey(certificate);
        var number = BigInteger.ModPow(new(Premaster, isUnsigned: true), exponent, modulus);
        var blob = new byte[length + 8];
        _ = number.TryWriteBytes(blob, out _, isUnsigned: true);
        return blob;
    }

    private static (BigInteger Modulus, BigInteger Exponent, int Length) PublicKey(byte[] certificate)
    {
        if ((certificate[0] & 0x0F) == ProprietaryCertificate.ChainVersion1)
        {
            var proprietary = Pdu.Decode<ProprietaryCertificate>(certificate);
            return (new(proprietary.Modulus, isUnsigned: true), proprietary.PublicExponent, proprietary.Modulus.Length);
        }

        var chain = Pdu.Decode<X509CertificateChain>(certificate);
        using var last = X509CertificateLoader.LoadCertificate(chain.Certificates[^1]);
        using var rsa = last.GetRSAPublicKey() ?? throw new InvalidOperationException("No RSA key in the last certificate.");
        var key = rsa.ExportParameters(includePrivateParameters: false);
        return (new(key.Modulus, isUnsigned: true, isBigEndian: true), new(key.Exponent, isUnsigned: true, isBigEndian: true), key.Modulus!.Length);
    }
}
