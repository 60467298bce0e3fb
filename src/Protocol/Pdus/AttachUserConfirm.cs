using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T T.125 AttachUserConfirm: <c>2E | result | initiator - 1001 (2, big-endian)</c>; <c>2C | result</c> without initiator.</summary>
/// <param name="Result">0 is rt-successful.</param>
/// <param name="UserChannelId">The user channel that the client got.</param>
public sealed record AttachUserConfirm(byte Result, ushort? UserChannelId) : IPdu<AttachUserConfirm>
{
    internal const byte Choice = 0x2C;
    private const byte InitiatorPresent = 0x02;

    public int Size => 1 /* choice */ + 1 /* result */ + (UserChannelId is null ? 0 : 2) /* initiator */;

    public static AttachUserConfirm Read(ref WireReader reader)
    {
        var choice = reader.ReadByte("AttachUserConfirm");
        if ((choice & ~InitiatorPresent) != Choice)
            throw reader.Malformed("AttachUserConfirm", "0x2C or 0x2E expected", 1);
        var result = reader.ReadByte("result");
        return new(result, (choice & InitiatorPresent) != 0 ? McsUserId.Read(ref reader, "initiator") : null);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(UserChannelId is null ? Choice : (byte)(Choice | InitiatorPresent));
        writer.WriteByte(Result);
        if (UserChannelId is { } user)
            McsUserId.Write(ref writer, user);
    }
}
