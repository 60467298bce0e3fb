using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>RFC 1006 section 6 TPKT header: <c>03 | reserved | length (2, big-endian, whole frame)</c>.</summary>
/// <param name="Length">Length of the whole frame, this header included, in bytes.</param>
public sealed record TpktHeader(ushort Length) : IPdu<TpktHeader>
{
    private const byte Version = 3;

    public int Size => 1 /* version */ + 1 /* reserved */ + 2 /* length */;

    public static TpktHeader Read(ref WireReader reader)
    {
        reader.ExpectByte(Version, "TPKT version");
        _ = reader.ReadByte("TPKT reserved");
        return new(reader.ReadUInt16BigEndian("TPKT length"));
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(Version);
        writer.WriteByte(0);
        writer.WriteUInt16BigEndian(Length);
    }
}
