using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.3.5 Client Cluster Data (TS_UD_CS_CLUSTER), without its header: <c>Flags (4) | RedirectedSessionID (4)</c>.</summary>
public sealed record ClientClusterData(uint Flags, uint RedirectedSessionId) : IPdu<ClientClusterData>
{
    /// <summary>REDIRECTED_SESSIONID_FIELD_VALID</summary>
    public const uint RedirectedSessionIdValid = 2;

    /// <summary>Session 0 is asked for: <c>mstsc /admin</c>, <c>xfreerdp /admin</c>, <c>rdesktop -0</c>.</summary>
    public bool AsksForAdministrativeSession => (Flags & RedirectedSessionIdValid) != 0 && RedirectedSessionId == 0;

    public int Size => 4 /* Flags */ + 4 /* RedirectedSessionID */;

    public static ClientClusterData Read(ref WireReader reader) =>
        new(reader.ReadUInt32LittleEndian("Flags"), reader.ReadUInt32LittleEndian("RedirectedSessionID"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Flags);
        writer.WriteUInt32LittleEndian(RedirectedSessionId);
    }
}
