using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T T.125 DisconnectProviderUltimatum: choice (6 bits) and reason (3 bits), <c>21 80</c> for user requested.</summary>
public sealed record DisconnectProviderUltimatum(DisconnectReason Reason) : IPdu<DisconnectProviderUltimatum>
{
    internal const byte Choice = 0x20;

    public int Size => 2 /* choice and reason */;

    public static DisconnectProviderUltimatum Read(ref WireReader reader)
    {
        var high = reader.ReadByte("DisconnectProviderUltimatum");
        if ((high & 0xFC) != Choice)
            throw reader.Malformed("DisconnectProviderUltimatum", "0x20 to 0x23 expected", 1);
        var low = reader.ReadByte("reason");
        return new((DisconnectReason)(((high & 3) << 1) | (low >> 7)));
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)(Choice | ((int)Reason >> 1)));
        writer.WriteByte((byte)(((int)Reason & 1) << 7));
    }
}

/// <summary>ITU-T T.125 Reason.</summary>
public enum DisconnectReason
{
    DomainDisconnected = 0,
    ProviderInitiated = 1,
    TokenPurged = 2,
    UserRequested = 3,
    ChannelPurged = 4,
}
