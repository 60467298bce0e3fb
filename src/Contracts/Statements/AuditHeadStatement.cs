using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// Where the audit chain of a clearinghouse was, signed by an issuing key: whoever keeps one can tell later that nothing of what came before was cut off or changed.
/// </summary>
/// <param name="Number">The newest entry.</param>
/// <param name="Hash">Its hash, 32 bytes, which holds all that came before.</param>
/// <param name="At">When it was the newest, to the second.</param>
public sealed record AuditHeadStatement(long Number, byte[] Hash, DateTimeOffset At)
{
    public const string TypeName = "ostiary-audit-head";
    public const int HashLength = 32;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 3);
        writer.Write(3, Number);
        writer.Write(4, Hash);
        writer.Write(5, At);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not an audit head of a version that we know, or a field out of its limits.</exception>
    public static AuditHeadStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var number = reader.ReadNumber(3);
        return number >= 1
            ? new AuditHeadStatement(number, reader.ReadBytes(4, HashLength), reader.ReadTime(5))
            : throw new CborContentException("member 3 (the number) is under 1");
    });
}
