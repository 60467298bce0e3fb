using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>What the GCC Conference Create Request and Response have in common.</summary>
internal static class GccUserData
{
    // ITU-T T.124 ConnectData: key is the object identifier { itu-t recommendation t 124 version(0) 1 }.
    private static ReadOnlySpan<byte> Key => [0x00, 0x05, 0x00, 0x14, 0x7C, 0x00, 0x01];

    internal static int KeyLength => Key.Length;

    internal static int Length(IReadOnlyList<GccBlock> blocks)
    {
        var length = 0;
        foreach (var block in blocks)
            length += block.Size;
        return length;
    }

    internal static void ReadKey(ref WireReader reader)
    {
        if (!reader.ReadBytes(Key.Length, "ConnectData key").SequenceEqual(Key))
            throw reader.Malformed("ConnectData key", "not T.124", Key.Length);
    }

    internal static void WriteKey(ref WireWriter writer) => writer.WriteBytes(Key);

    internal static void WriteBlocks(ref WireWriter writer, IReadOnlyList<GccBlock> blocks)
    {
        PerLength.Write(ref writer, Length(blocks));
        foreach (var block in blocks)
            block.Write(ref writer);
    }
}
