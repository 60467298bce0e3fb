using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.4.2 Server Core Data (TS_UD_SC_CORE), without its header:
/// <c>version (4) | clientRequestedProtocols (4) | earlyCapabilityFlags (4)</c>; the last two are optional.
/// </summary>
public sealed record ServerCoreData(uint Version, SecurityProtocols? ClientRequestedProtocols, uint? EarlyCapabilityFlags) : IPdu<ServerCoreData>
{
    /// <summary>Where clientRequestedProtocols begins, from the start of the data.</summary>
    internal const int ClientRequestedProtocolsOffset = 4;

    public int Size =>
        4 /* version */ + (ClientRequestedProtocols is null ? 0 : 4) + (EarlyCapabilityFlags is null ? 0 : 4);

    public static ServerCoreData Read(ref WireReader reader) => new(
        reader.ReadUInt32LittleEndian("version"),
        reader.Remaining > 0 ? (SecurityProtocols)reader.ReadUInt32LittleEndian("clientRequestedProtocols") : null,
        reader.Remaining > 0 ? reader.ReadUInt32LittleEndian("earlyCapabilityFlags") : null);

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Version);
        if (ClientRequestedProtocols is { } protocols)
            writer.WriteUInt32LittleEndian((uint)protocols);
        if (EarlyCapabilityFlags is { } flags)
            writer.WriteUInt32LittleEndian(flags);
    }
}
