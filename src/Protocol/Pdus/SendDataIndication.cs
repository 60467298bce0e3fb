using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// ITU-T T.125 SendDataIndication, server to client:
/// <c>68 | initiator - 1001 (2, big-endian) | channelId (2, big-endian) | 70 | length (1 or 2) | user data</c>.
/// </summary>
/// <param name="Initiator">User channel of the sender.</param>
/// <param name="ChannelId">The channel that the data is on.</param>
/// <param name="UserData">At most <see cref="Limits.McsUserData"/> bytes.</param>
public sealed record SendDataIndication(ushort Initiator, ushort ChannelId, byte[] UserData) : IPdu<SendDataIndication>
{
    internal const byte Choice = 0x68;

    public int Size => McsSendData.Size(UserData);

    public static SendDataIndication Read(ref WireReader reader)
    {
        var (initiator, channel, data) = McsSendData.Read(ref reader, Choice, nameof(SendDataIndication));
        return new(initiator, channel, data);
    }

    public void Write(ref WireWriter writer) => McsSendData.Write(ref writer, Choice, Initiator, ChannelId, UserData);
}
