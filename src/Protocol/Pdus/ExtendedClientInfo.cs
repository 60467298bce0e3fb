using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.11.1.1.1 Extended Info Packet (TS_EXTENDED_INFO_PACKET).
/// <code>clientAddressFamily (2) | cbClientAddress (2, with terminator) | address | cbClientDir (2, with terminator) | dir | more, all optional</code>
/// Takes everything that remains.
/// </summary>
public sealed record ExtendedClientInfo : IPdu<ExtendedClientInfo>
{
    /// <summary>2 is AF_INET, 0x17 AF_INET6.</summary>
    public ushort AddressFamily { get; init; }

    /// <summary>The client's own idea of its address; the socket knows better.</summary>
    public string Address { get; init; } = "";

    public string Directory { get; init; } = "";

    /// <summary>Time zone, session id, performance flags, reconnect cookie and later fields, kept as they are.</summary>
    public byte[] Trailing { get; init; } = [];

    public int Size =>
        2 /* clientAddressFamily */ + 2 /* cbClientAddress */ + UnicodeLength(Address)
        + 2 /* cbClientDir */ + UnicodeLength(Directory) + Trailing.Length;

    public static ExtendedClientInfo Read(ref WireReader reader)
    {
        var family = reader.ReadUInt16LittleEndian("clientAddressFamily");
        var address = ReadCounted(ref reader, "cbClientAddress", "clientAddress");
        var directory = ReadCounted(ref reader, "cbClientDir", "clientDir");
        return new() { AddressFamily = family, Address = address, Directory = directory, Trailing = reader.ReadToEnd("clientTimeZone").ToArray() };
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian(AddressFamily);
        WriteCounted(ref writer, Address);
        WriteCounted(ref writer, Directory);
        writer.WriteBytes(Trailing);
    }

    /// <summary>Says nothing: it holds an address.</summary>
    public override string ToString() => nameof(ExtendedClientInfo);

    private static int UnicodeLength(string text) => Encoding.Unicode.GetByteCount(text) + 2;

    private static string ReadCounted(ref WireReader reader, string lengthField, string field) =>
        WireText.DecodeUnicode(reader.ReadBytes(reader.ReadLengthUInt16LittleEndian(lengthField, Limits.ClientInfoString), field));

    private static void WriteCounted(ref WireWriter writer, string text)
    {
        writer.WriteUInt16LittleEndian((ushort)UnicodeLength(text));
        writer.WriteBytes(WireText.EncodeUnicode(text));
    }
}
