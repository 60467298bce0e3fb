using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A host's grace period. Signed by the host's own key; the license server keeps a copy by machine id, so that joining again, a deleted
/// record and yesterday's copy bring no day back.
/// </summary>
/// <param name="MachineId">32 hexadecimal digits, as in <see cref="Licensing.JoinRequest"/>.</param>
/// <param name="StartedAt">The first non-administrative connection that was admitted without a CAL; to the second.</param>
/// <param name="EndedAt">When it ended early, because a CAL was granted for this host; null while it runs or ran out.</param>
/// <param name="ExtensionDays">Days that the clearinghouse has added, in all.</param>
/// <param name="Extensions">The numbers of the extensions that were applied.</param>
/// <param name="HighWater">The latest time that the host has seen; to the second.</param>
/// <param name="Generation">Counts each writing of the record.</param>
public sealed record GraceRecordStatement(
    string MachineId, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, int ExtensionDays, IReadOnlyList<Guid> Extensions, DateTimeOffset HighWater, long Generation)
{
    public const string TypeName = "ostiary-grace-record";

    /// <summary>Days without an extension.</summary>
    public const int Days = 120;

    /// <summary>Extensions in a record.</summary>
    public const int MaxExtensions = 64;

    private const int FormatVersion = 1;

    /// <summary>The first second after the grace period, however it ends.</summary>
    public DateTimeOffset Until
    {
        get
        {
            var runsOut = StartedAt.AddDays(Days + ExtensionDays);
            return EndedAt < runsOut ? EndedAt.Value : runsOut;
        }
    }

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, EndedAt is null ? 6 : 7);
        writer.Write(3, MachineId);
        writer.Write(4, StartedAt);
        writer.Write(5, (long)ExtensionDays);
        writer.WriteInt32(6);
        writer.WriteStartArray(Extensions.Count);
        foreach (var extension in Extensions)
            writer.WriteByteString(extension.ToByteArray(bigEndian: true));
        writer.WriteEndArray();
        writer.Write(7, HighWater);
        writer.Write(8, Generation);
        if (EndedAt is { } end)
            writer.Write(9, end);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a grace record of a version that we know, or a field out of its limits.</exception>
    public static GraceRecordStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, ReadMembers);

    private static GraceRecordStatement ReadMembers(CborReader reader)
    {
        var machine = reader.ReadText(3, 32);
        var started = reader.ReadTime(4);
        var days = reader.ReadNumber(5);
        reader.Expect(6);
        if (reader.ReadStartArray() is not (>= 0 and <= MaxExtensions and var count))
            throw new CborContentException($"member 6 has more than {MaxExtensions} extensions");
        var extensions = new Guid[count];
        for (var index = 0; index < count; index++)
            extensions[index] = new(reader.ReadByteString(), bigEndian: true);
        reader.ReadEndArray();
        var highWater = reader.ReadTime(7);
        var generation = reader.ReadNumber(8);
        DateTimeOffset? ended = reader.PeekState() == CborReaderState.EndMap ? null : reader.ReadTime(9);
        return machine.Length == 32 && machine.All(char.IsAsciiHexDigitLower) && days is >= 0 and <= 36_500 && generation >= 0
            ? new(machine, started, ended, (int)days, extensions, highWater, generation)
            : throw new CborContentException("machine id (32 hexadecimal digits), extension days (0 to 36,500) or generation is out of its limits");
    }
}
