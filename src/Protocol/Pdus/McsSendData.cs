using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>What SendDataRequest and SendDataIndication have in common: all but the first byte.</summary>
internal static class McsSendData
{
    private const byte HighPriorityWhole = 0x70;
    private const byte BeginAndEnd = 0x30;

    internal static int Size(byte[] userData) =>
        1 /* choice */ + 2 /* initiator */ + 2 /* channelId */ + 1 /* priority, segmentation */ + 2 /* length */ + userData.Length;

    internal static (ushort Initiator, ushort ChannelId, byte[] UserData) Read(ref WireReader reader, byte choice, string name)
    {
        reader.ExpectByte(choice, name);
        var initiator = McsUserId.Read(ref reader, "initiator");
        var channel = reader.ReadUInt16BigEndian("channelId");
        if ((reader.ReadByte("segmentation") & BeginAndEnd) != BeginAndEnd)
            throw reader.Malformed("segmentation", "RDP does not segment MCS data", 1);
        var length = PerLength.Read(ref reader, "user data length");
        return (initiator, channel, reader.ReadBytes(length, "user data").ToArray());
    }

    internal static void Write(ref WireWriter writer, byte choice, ushort initiator, ushort channel, byte[] userData)
    {
        writer.WriteByte(choice);
        McsUserId.Write(ref writer, initiator);
        writer.WriteUInt16BigEndian(channel);
        writer.WriteByte(HighPriorityWhole);
        PerLength.Write(ref writer, userData.Length);
        writer.WriteBytes(userData);
    }
}
