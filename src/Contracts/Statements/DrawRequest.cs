using System.Formats.Cbor;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A license server's wish to draw CALs from an agreement of its owner with the publisher, signed by the license server's own key, so that it may be
/// carried by anybody.
/// </summary>
/// <param name="Program">See <see cref="LicenseProgram.Name"/>.</param>
/// <param name="Numbers">What stands on the agreement's papers, as <see cref="LicenseProgram.Fields"/> has them.</param>
/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">The version of the CALs.</param>
/// <param name="Quantity">1 to 16,383 CALs.</param>
/// <param name="Nonce">16 bytes; the same request sent again has the same nonce, and draws nothing a second time.</param>
/// <param name="RequestedAt">To the second.</param>
public sealed record DrawRequest(string Program, IReadOnlyList<string> Numbers, CalType Type, CalVersion Version, int Quantity, byte[] Nonce, DateTimeOffset RequestedAt)
{
    public const string TypeName = "ostiary-draw-request";
    public const int NonceLength = 16;
    public const int MaxNumbers = 4;
    private const int MaxNumberLength = 32;
    private const int MaxProgramLength = 64;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 7);
        writer.Write(3, Program);
        writer.WriteInt32(4);
        writer.WriteStartArray(Numbers.Count);
        foreach (var number in Numbers)
            writer.WriteTextString(number);
        writer.WriteEndArray();
        writer.Write(5, (long)Type);
        writer.Write(6, (long)Version.Year);
        writer.Write(7, (long)Quantity);
        writer.Write(8, Nonce);
        writer.Write(9, RequestedAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a draw request of a version that we know, or a field out of its limits.</exception>
    public static DrawRequest Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, ReadMembers);

    private static DrawRequest ReadMembers(CborReader reader)
    {
        var program = reader.ReadText(3, MaxProgramLength);
        reader.Expect(4);
        var count = reader.ReadStartArray();
        if (count is null or < 0 or > MaxNumbers)
            throw new CborContentException($"member 4 has more than {MaxNumbers} items");
        var numbers = new List<string>();
        for (var index = 0; index < count; index++)
            numbers.Add(reader.ReadTextString() is { Length: <= MaxNumberLength } number ? number : throw new CborContentException($"an item of member 4 is longer than {MaxNumberLength} characters"));
        reader.ReadEndArray();
        var type = reader.ReadNumber(5);
        var version = reader.ReadNumber(6);
        var quantity = reader.ReadNumber(7);
        var nonce = reader.ReadBytes(8, NonceLength);
        var requestedAt = reader.ReadTime(9);
        return type is >= 0 and <= int.MaxValue && Enum.IsDefined((CalType)type) && version is >= 0 and <= 9999 && quantity is >= 1 and <= KeyPackStatement.MaxQuantity
            ? new(program, numbers, (CalType)type, new((int)version), (int)quantity, nonce, requestedAt)
            : throw new CborContentException($"type, version or quantity (1 to {KeyPackStatement.MaxQuantity}) is out of its limits");
    }
}
