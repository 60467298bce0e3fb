using System.Formats.Asn1;
using System.Security.Cryptography;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Certificates;

/// <summary>What a Device CAL says: extension <see cref="OstiaryOids.DeviceCalData"/>. It holds no names.</summary>
/// <param name="Version">The CAL's version.</param>
/// <param name="Temporary">True for the 90-day license of a device that has none yet.</param>
/// <param name="PackId">The key pack that the seat is from; empty for a temporary one.</param>
/// <param name="HardwareIdDigest">32 bytes; see <see cref="DigestHardwareId"/>.</param>
public sealed record DeviceCalData(CalVersion Version, bool Temporary, Guid PackId, byte[] HardwareIdDigest)
{
    public const int DigestLength = SHA256.HashSizeInBytes;

    private const int FormatVersion = 1;

    /// <summary>
    /// The digest under which a CAL names its device: SHA-256 over a label, the license server's key fingerprint and the 20-byte hardware id.
    /// So two license servers' CALs of one device cannot be told to be so by their bytes.
    /// </summary>
    public static byte[] DigestHardwareId(KeyFingerprint licenseServer, ReadOnlySpan<byte> hardwareId)
        => SHA256.HashData([.. "Ostiary hardware id"u8, .. licenseServer.Bytes, .. hardwareId]);

    internal byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(FormatVersion);
            writer.WriteEnumeratedValue(CalType.Device);
            writer.WriteInteger(Version.Year);
            writer.WriteBoolean(Temporary);
            writer.WriteOctetString(PackId.ToByteArray(bigEndian: true));
            writer.WriteOctetString(HardwareIdDigest);
        }

        return writer.Encode();
    }

    /// <exception cref="AsnContentException">Not the DER of this type.</exception>
    internal static DeviceCalData? Decode(byte[] encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        if (!reader.TryReadInt32(out var format) || format != FormatVersion
            || reader.ReadEnumeratedValue<CalType>() != CalType.Device || !reader.TryReadInt32(out var year))
            return null;
        var temporary = reader.ReadBoolean();
        var pack = reader.ReadOctetString();
        var digest = reader.ReadOctetString();
        return pack.Length == 16 && digest.Length == DigestLength
            ? new(new(year), temporary, new Guid(pack, bigEndian: true), digest)
            : null;
    }
}
