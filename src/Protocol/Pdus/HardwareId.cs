using System.Security.Cryptography;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.3.1 Client Hardware Identification (CLIENT_HARDWARE_ID): platform (4 bytes) and 16 bytes of the client's own making.
/// A claim, not evidence: real clients derive it from a host name that their user chooses.
/// </summary>
public sealed class HardwareId : IPdu<HardwareId>, IEquatable<HardwareId>
{
    public const int Length = 20;
    private const int PlatformIdLength = 4;

    private readonly byte[] _data;

    /// <param name="platformId">Top byte operating system, then vendor, then build.</param>
    /// <param name="data">Data1 to Data4: 16 bytes.</param>
    public HardwareId(uint platformId, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(data.Length, Length - PlatformIdLength);
        PlatformId = platformId;
        _data = data.ToArray();
    }

    public uint PlatformId { get; }

    /// <summary>Data1 to Data4, 16 bytes.</summary>
    public ReadOnlySpan<byte> Data => _data;

    public int Size => PlatformIdLength + _data.Length;

    public static HardwareId Read(ref WireReader reader) =>
        new(reader.ReadUInt32LittleEndian("PlatformId"), reader.ReadBytes(Length - PlatformIdLength, "Data1..Data4"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(PlatformId);
        writer.WriteBytes(_data);
    }

    /// <summary>The 20 bytes as they are on the wire.</summary>
    public byte[] ToArray() => Pdu.Encode(this);

    public bool Equals(HardwareId? other) =>
        other is not null && PlatformId == other.PlatformId && CryptographicOperations.FixedTimeEquals(_data, other._data);

    public override bool Equals(object? obj) => Equals(obj as HardwareId);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(PlatformId);
        hash.AddBytes(_data);
        return hash.ToHashCode();
    }

    /// <summary>Says nothing: a hardware id identifies a person's machine.</summary>
    public override string ToString() => nameof(HardwareId);
}
