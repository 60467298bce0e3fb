using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Certificates;

namespace Ostiary.LicenseServer.Storage;

/// <summary>A certificate's serial number: 16 bytes, printed as 32 hexadecimal digits.</summary>
internal readonly record struct CalSerial(UInt128 Value)
{
    /// <summary>
    /// A new serial: the second of its making (5 bytes) and 11 random bytes. So rows that come together lie together in an index,
    /// and a commit writes few pages; 88 random bits are more than the 64 that RFC 5280's users ask for.
    /// </summary>
    public static CalSerial Draw(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[CertificateFields.SerialLength];
        RandomNumberGenerator.Fill(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, ((ulong)now.ToUnixTimeSeconds() << 24) | (BinaryPrimitives.ReadUInt64BigEndian(bytes) & 0xFFFFFF));
        return Of(CertificateFields.MakeSerial(bytes));
    }

    public static CalSerial Of(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public static bool TryParse(string? text, out CalSerial serial)
    {
        serial = default;
        if (text is not { Length: 32 } || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            return false;
        serial = new(value);
        return true;
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>Hardware id and client name as one value to look a device up by: the first 16 bytes of SHA-256 over both. Case of the name does not matter.</summary>
internal readonly record struct DeviceKey(UInt128 Value)
{
    public static DeviceKey Of(ReadOnlySpan<byte> hardwareId, string clientName)
    {
        var name = clientName.ToUpperInvariant();
        var input = new byte[hardwareId.Length + Encoding.UTF8.GetByteCount(name)];
        hardwareId.CopyTo(input);
        Encoding.UTF8.GetBytes(name, input.AsSpan(hardwareId.Length));
        return new(BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(input)));
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    public static DeviceKey Of(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));
}

/// <summary>The 20 bytes of CLIENT_HARDWARE_ID (MS-RDPELE 2.2.2.3.1), as a claim of the client.</summary>
internal static class HardwareId
{
    public const int Length = 20;

    // Platform 0 and MD5 of six zero bytes: what FreeRDP sends with /old-license, on every machine.
    private static readonly byte[] Constant = Convert.FromHexString("000000007319468847d7b1aee40dbf5dd963c999");

    public static bool IsConstant(ReadOnlySpan<byte> hardwareId) => hardwareId.SequenceEqual(Constant);

    public static bool TryParse(string? text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = text is { Length: Length * 2 } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;
        return bytes is not null;
    }
}
