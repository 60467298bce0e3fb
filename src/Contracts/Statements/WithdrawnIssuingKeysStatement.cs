using System.Formats.Cbor;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Statements;

/// <summary>An issuing key that is good for nothing any more, however old what it signed.</summary>
/// <param name="IssuingKey">The key.</param>
/// <param name="WithdrawnAt">To the second.</param>
public sealed record WithdrawnIssuingKey(KeyFingerprint IssuingKey, DateTimeOffset WithdrawnAt);

/// <summary>
/// Which issuing keys are withdrawn, all of them each time; signed by a root's key. Whoever follows takes no list with a smaller number than the one it has.
/// </summary>
/// <param name="Number">1 for the first, and greater with each that follows.</param>
/// <param name="IssuedAt">To the second.</param>
/// <param name="Keys">At most <see cref="MaxKeys"/>, ascending by fingerprint.</param>
public sealed record WithdrawnIssuingKeysStatement(long Number, DateTimeOffset IssuedAt, IReadOnlyList<WithdrawnIssuingKey> Keys)
{
    public const string TypeName = "ostiary-withdrawn-issuing-keys";

    /// <summary>More than one for every month of a root's life.</summary>
    public const int MaxKeys = 500;

    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 3);
        writer.Write(3, Number);
        writer.Write(4, IssuedAt);
        writer.WriteInt32(5);
        writer.WriteStartArray(Keys.Count);
        foreach (var key in Keys)
        {
            writer.WriteStartArray(2);
            writer.WriteByteString(key.IssuingKey.Bytes);
            writer.WriteInt64(key.WithdrawnAt.ToUnixTimeSeconds());
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not such a list of a version that we know, or a field out of its limits.</exception>
    public static WithdrawnIssuingKeysStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (number, issued) = (reader.ReadNumber(3), reader.ReadTime(4));
        reader.Expect(5);
        if (reader.ReadStartArray() is not (>= 0 and <= MaxKeys and var count))
            throw new CborContentException($"member 5 has more than {MaxKeys} keys");
        var keys = new WithdrawnIssuingKey[count];
        for (var index = 0; index < count; index++)
        {
            if (reader.ReadStartArray() != 2)
                throw new CborContentException("an entry of member 5 is a key and a time");
            keys[index] = new(reader.ReadFingerprintEntry(5), DateTimeOffset.FromUnixTimeSeconds(reader.ReadInt64()));
            reader.ReadEndArray();
        }

        reader.ReadEndArray();
        return number >= 1 && keys.Zip(keys.Skip(1)).All(pair => string.CompareOrdinal(pair.First.IssuingKey.Hex, pair.Second.IssuingKey.Hex) < 0)
            ? new WithdrawnIssuingKeysStatement(number, issued, keys)
            : throw new CborContentException("the number is under 1, or the keys do not ascend");
    });
}
