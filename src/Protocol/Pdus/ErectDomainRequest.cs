using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// ITU-T T.125 ErectDomainRequest: <c>04 | subHeight and subInterval (4 bytes)</c>.
/// </summary>
/// <param name="Heights">Kept and not interpreted: mstsc and FreeRDP write <c>01 00 01 00</c>, rdesktop <c>00 01 00 01</c>.</param>
public sealed record ErectDomainRequest(byte[] Heights) : IPdu<ErectDomainRequest>
{
    internal const byte Choice = 0x04;
    private const int HeightsLength = 4;

    public int Size => 1 /* choice */ + HeightsLength;

    public static ErectDomainRequest Read(ref WireReader reader)
    {
        reader.ExpectByte(Choice, "ErectDomainRequest");
        return new(reader.ReadBytes(HeightsLength, "subHeight, subInterval").ToArray());
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(Choice);
        writer.WriteBytes(Heights);
    }
}
