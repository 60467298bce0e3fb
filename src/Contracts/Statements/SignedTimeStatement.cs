using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>What time it is, said by the next server up: a license server to a host, a clearinghouse to a license server.</summary>
/// <param name="Nonce">16 bytes that the asker drew.</param>
/// <param name="Now">To the second.</param>
public sealed record SignedTimeStatement(byte[] Nonce, DateTimeOffset Now)
{
    public const string TypeName = "ostiary-time";
    public const int NonceLength = 16;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 2);
        writer.Write(3, Nonce);
        writer.Write(4, Now);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a time of a version that we know, or a field out of its limits.</exception>
    public static SignedTimeStatement Decode(ReadOnlyMemory<byte> payload)
        => Statement.Read(payload, TypeName, FormatVersion, reader => new SignedTimeStatement(reader.ReadBytes(3, NonceLength), reader.ReadTime(4)));
}
