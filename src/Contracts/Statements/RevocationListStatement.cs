using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A license server's revocation list, signed by its key: which of its CALs are void, and which must be asked about before a host admits
/// with them. The whole list each time; what is past its own end is left out.
/// </summary>
/// <param name="Number">Greater with each change. A host takes no list with a smaller number than the one it has.</param>
/// <param name="IssuedAt">To the second. A list older than an hour means "ask first" for every CAL.</param>
/// <param name="Revoked">16 bytes each, ascending: serials of CALs that are void.</param>
/// <param name="AskFirst">16 bytes each, ascending: serials of CALs that are in use from more than one address, or in doubt.</param>
/// <param name="Hosts">Hosts that were removed.</param>
public sealed record RevocationListStatement(
    long Number, DateTimeOffset IssuedAt, IReadOnlyList<string> Revoked, IReadOnlyList<string> AskFirst, IReadOnlyList<Guid> Hosts)
{
    public const string TypeName = "ostiary-revocation-list";

    /// <summary>Entries of each kind. With <see cref="Statement.MaxLength"/> a list of 16-byte serials holds them.</summary>
    public const int MaxEntries = 1_000;

    private const int SerialLength = 16;
    private const int FormatVersion = 1;

    /// <summary>A list older than this is no ground to admit without asking.</summary>
    public static TimeSpan Fresh { get; } = TimeSpan.FromHours(1);

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 5);
        writer.Write(3, Number);
        writer.Write(4, IssuedAt);
        Write(writer, 5, Revoked.Select(Convert.FromHexString));
        Write(writer, 6, AskFirst.Select(Convert.FromHexString));
        Write(writer, 7, Hosts.Select(host => host.ToByteArray(bigEndian: true)));
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a revocation list of a version that we know, or a field out of its limits.</exception>
    public static RevocationListStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader => new RevocationListStatement(
        reader.ReadNumber(3), reader.ReadTime(4), Read(reader, 5, Convert.ToHexStringLower), Read(reader, 6, Convert.ToHexStringLower),
        Read(reader, 7, bytes => new Guid(bytes, bigEndian: true))));

    private static void Write(CborWriter writer, int member, IEnumerable<byte[]> entries)
    {
        byte[][] all = [.. entries];
        writer.WriteInt32(member);
        writer.WriteStartArray(all.Length);
        foreach (var entry in all)
            writer.WriteByteString(entry);
        writer.WriteEndArray();
    }

    private static T[] Read<T>(CborReader reader, int member, Func<byte[], T> read)
    {
        reader.Expect(member);
        if (reader.ReadStartArray() is not (>= 0 and <= MaxEntries and var count))
            throw new CborContentException($"member {member} has more than {MaxEntries} entries");
        var entries = new T[count];
        for (var index = 0; index < count; index++)
            entries[index] = reader.ReadByteString() is { Length: SerialLength } bytes
                ? read(bytes)
                : throw new CborContentException($"an entry of member {member} is not {SerialLength} bytes long");
        reader.ReadEndArray();
        return entries;
    }
}
