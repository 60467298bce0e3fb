using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.3.1 User Data Header (TS_UD_HEADER) with its data: <c>type (2) | length (2, header included) | data</c>.
/// Blocks that we do not read stay what they are.
/// </summary>
public sealed record GccBlock(GccBlockType Type, byte[] Data) : IPdu<GccBlock>
{
    internal const int HeaderLength = 4;

    public int Size => 2 /* type */ + 2 /* length */ + Data.Length;

    public static GccBlock Of<T>(GccBlockType type, T block) where T : IPdu<T> => new(type, Pdu.Encode(block));

    public static GccBlock Read(ref WireReader reader)
    {
        var type = (GccBlockType)reader.ReadUInt16LittleEndian("user data type");
        var length = reader.ReadUInt16LittleEndian("user data length");
        if (length < HeaderLength)
            throw reader.Malformed("user data length", $"{length} is less than {HeaderLength}", 2);
        return new(type, reader.ReadBytes(length - HeaderLength, "user data").ToArray());
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian((ushort)Type);
        writer.WriteUInt16LittleEndian(checked((ushort)Size));
        writer.WriteBytes(Data);
    }

    internal static IReadOnlyList<GccBlock> ReadAll(ref WireReader reader)
    {
        var blocks = new List<GccBlock>();
        while (reader.Remaining > 0)
            blocks.Add(Read(ref reader));
        return blocks;
    }

    /// <summary>The first block of a type, parsed, or <c>null</c>.</summary>
    internal static T? Find<T>(IReadOnlyList<GccBlock> blocks, GccBlockType type) where T : class, IPdu<T>
    {
        foreach (var block in blocks)
        {
            if (block.Type == type)
                return Pdu.Decode<T>(block.Data);
        }

        return null;
    }
}

/// <summary>[MS-RDPBCGR] 2.2.1.3.1, type.</summary>
public enum GccBlockType
{
    ClientCore = 0xC001,
    ClientSecurity = 0xC002,
    ClientNetwork = 0xC003,
    ClientCluster = 0xC004,
    ClientMonitor = 0xC005,
    ClientMessageChannel = 0xC006,
    ClientMonitorExtended = 0xC008,
    ClientMultitransport = 0xC00A,
    ServerCore = 0x0C01,
    ServerSecurity = 0x0C02,
    ServerNetwork = 0x0C03,
    ServerMessageChannel = 0x0C04,
    ServerMultitransport = 0x0C08,
}
