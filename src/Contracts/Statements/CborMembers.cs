using System.Formats.Cbor;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Statements;

/// <summary>Members that several statements have.</summary>
internal static class CborMembers
{
    public static void Write(this CborWriter writer, int member, string value)
    {
        writer.WriteInt32(member);
        writer.WriteTextString(value);
    }

    public static void Write(this CborWriter writer, int member, long value)
    {
        writer.WriteInt32(member);
        writer.WriteInt64(value);
    }

    public static void Write(this CborWriter writer, int member, bool value)
    {
        writer.WriteInt32(member);
        writer.WriteBoolean(value);
    }

    public static void Write(this CborWriter writer, int member, byte[] value)
    {
        writer.WriteInt32(member);
        writer.WriteByteString(value);
    }

    public static void Write(this CborWriter writer, int member, DateTimeOffset value) => writer.Write(member, value.ToUnixTimeSeconds());

    public static void Write(this CborWriter writer, int member, KeyFingerprint value) => writer.Write(member, value.Bytes);

    public static void Write(this CborWriter writer, int member, Guid value) => writer.Write(member, value.ToByteArray(bigEndian: true));

    public static string ReadText(this CborReader reader, int member, int most)
    {
        reader.Expect(member);
        var text = reader.ReadTextString();
        return text.Length <= most ? text : throw new CborContentException($"member {member} is longer than {most} characters");
    }

    public static long ReadNumber(this CborReader reader, int member)
    {
        reader.Expect(member);
        return reader.ReadInt64();
    }

    public static bool ReadFlag(this CborReader reader, int member)
    {
        reader.Expect(member);
        return reader.ReadBoolean();
    }

    public static byte[] ReadBytes(this CborReader reader, int member, int length)
    {
        reader.Expect(member);
        var bytes = reader.ReadByteString();
        return bytes.Length == length ? bytes : throw new CborContentException($"member {member} is not {length} bytes long");
    }

    public static DateTimeOffset ReadTime(this CborReader reader, int member) => DateTimeOffset.FromUnixTimeSeconds(reader.ReadNumber(member));

    public static Guid ReadGuid(this CborReader reader, int member) => new(reader.ReadBytes(member, 16), bigEndian: true);

    public static KeyFingerprint ReadFingerprint(this CborReader reader, int member)
    {
        reader.Expect(member);
        return reader.ReadFingerprintEntry(member);
    }

    /// <summary>A fingerprint in an array of a member.</summary>
    public static KeyFingerprint ReadFingerprintEntry(this CborReader reader, int member)
        => reader.ReadByteString() is { Length: KeyFingerprint.Length } bytes && KeyFingerprint.TryParse(Convert.ToHexStringLower(bytes), out var fingerprint)
            ? fingerprint
            : throw new CborContentException($"member {member} is not a key fingerprint of {KeyFingerprint.Length} bytes");
}
