using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T X.224 13.7 Data TPDU header, class 0: <c>02 F0 80</c>.</summary>
public sealed record X224Data : IPdu<X224Data>
{
    private const byte LengthIndicator = 2;
    private const byte Code = 0xF0;
    private const byte EndOfTransmission = 0x80;

    public int Size => 1 /* length indicator */ + 1 /* code */ + 1 /* EOT */;

    public static X224Data Read(ref WireReader reader)
    {
        reader.ExpectByte(LengthIndicator, "X.224 length indicator");
        reader.ExpectByte(Code, "X.224 code");
        reader.ExpectByte(EndOfTransmission, "X.224 EOT");
        return new();
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(LengthIndicator);
        writer.WriteByte(Code);
        writer.WriteByte(EndOfTransmission);
    }
}
