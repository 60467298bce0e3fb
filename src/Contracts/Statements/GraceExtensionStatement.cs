using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>The only extension of a grace period: signed by the clearinghouse's issuing key, for one machine, good once.</summary>
/// <param name="Id">Its number; a host applies each once.</param>
/// <param name="MachineId">32 hexadecimal digits, as <c>ostiary grace show</c> prints it.</param>
/// <param name="Days">1 to 365.</param>
/// <param name="IssuedAt">To the second.</param>
public sealed record GraceExtensionStatement(Guid Id, string MachineId, int Days, DateTimeOffset IssuedAt)
{
    public const string TypeName = "ostiary-grace-extension";
    public const int MaxDays = 365;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 4);
        writer.Write(3, Id);
        writer.Write(4, MachineId);
        writer.Write(5, (long)Days);
        writer.Write(6, IssuedAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not an extension of a version that we know, or a field out of its limits.</exception>
    public static GraceExtensionStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (id, machine, days, issued) = (reader.ReadGuid(3), reader.ReadText(4, 32), reader.ReadNumber(5), reader.ReadTime(6));
        return machine.Length == 32 && machine.All(char.IsAsciiHexDigitLower) && days is >= 1 and <= MaxDays
            ? new GraceExtensionStatement(id, machine, (int)days, issued)
            : throw new CborContentException($"machine id (32 hexadecimal digits) or days (1 to {MaxDays}) is out of its limits");
    });
}
