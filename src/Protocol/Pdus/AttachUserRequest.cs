using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T T.125 AttachUserRequest: <c>28</c>.</summary>
public sealed record AttachUserRequest : IPdu<AttachUserRequest>
{
    internal const byte Choice = 0x28;

    public int Size => 1 /* choice */;

    public static AttachUserRequest Read(ref WireReader reader)
    {
        reader.ExpectByte(Choice, "AttachUserRequest");
        return new();
    }

    public void Write(ref WireWriter writer) => writer.WriteByte(Choice);
}
