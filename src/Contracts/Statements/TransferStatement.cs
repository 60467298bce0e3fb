using System.Formats.Cbor;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A license server has signed key packs away, to another one: from then on it issues nothing of them. Signed by its key. What it has issued of them travels
/// beside the statement, which holds its digest.
/// </summary>
/// <param name="TransferId">Names the transfer.</param>
/// <param name="Source">The license server that had them.</param>
/// <param name="Target">The License Server ID that they are for.</param>
/// <param name="KeyPacks">Their numbers, 1 to <see cref="MaxKeyPacks"/>, ascending as bytes.</param>
/// <param name="Rows">Device CALs and User CALs that travel along.</param>
/// <param name="RowsDigest">SHA-256 over <see cref="Administration.TransferFile.Rows"/>.</param>
/// <param name="IssuedAt">To the second.</param>
public sealed record TransferStatement(
    Guid TransferId, KeyFingerprint Source, string Target, IReadOnlyList<Guid> KeyPacks, int Rows, byte[] RowsDigest, DateTimeOffset IssuedAt)
{
    public const string TypeName = "ostiary-transfer";
    public const int MaxKeyPacks = 100;
    public const int MaxRows = 100_000;
    private const int DigestLength = 32;
    private const int MaxTargetLength = 64;
    private const int GuidLength = 16;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 7);
        writer.Write(3, TransferId);
        writer.Write(4, Source);
        writer.Write(5, Target);
        writer.WriteInt32(6);
        writer.WriteStartArray(KeyPacks.Count);
        foreach (var pack in KeyPacks)
            writer.WriteByteString(pack.ToByteArray(bigEndian: true));
        writer.WriteEndArray();
        writer.Write(7, (long)Rows);
        writer.Write(8, RowsDigest);
        writer.Write(9, IssuedAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a transfer of a version that we know, or a field out of its limits.</exception>
    public static TransferStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (id, source, target) = (reader.ReadGuid(3), reader.ReadFingerprint(4), reader.ReadText(5, MaxTargetLength));
        reader.Expect(6);
        if (reader.ReadStartArray() is not (>= 1 and <= MaxKeyPacks and var count))
            throw new CborContentException($"member 6 has 1 to {MaxKeyPacks} key packs");
        var packs = new Guid[count];
        for (var index = 0; index < count; index++)
            packs[index] = reader.ReadByteString() is { Length: GuidLength } bytes ? new(bytes, bigEndian: true) : throw new CborContentException($"a key pack's number has {GuidLength} bytes");
        reader.ReadEndArray();
        var (rows, digest, issued) = (reader.ReadNumber(7), reader.ReadBytes(8, DigestLength), reader.ReadTime(9));
        return LicenseServerId.TryParse(target, out var known, out _) && known.Text == target && LicenseServerId.Of(source).Text != target && packs.Distinct().Count() == count && rows is >= 0 and <= MaxRows
            ? new TransferStatement(id, source, target, packs, (int)rows, digest, issued)
            : throw new CborContentException($"the target is not a License Server ID, or the source's own, a key pack stands twice, or there are more than {MaxRows} rows");
    });
}

/// <summary>A license server takes a transfer back. Signed by its key; the clearinghouse says whether it is too late.</summary>
/// <param name="TransferId">The transfer.</param>
/// <param name="Source">The license server.</param>
/// <param name="IssuedAt">To the second.</param>
public sealed record TransferUndoStatement(Guid TransferId, KeyFingerprint Source, DateTimeOffset IssuedAt)
{
    public const string TypeName = "ostiary-transfer-undo";
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 3);
        writer.Write(3, TransferId);
        writer.Write(4, Source);
        writer.Write(5, IssuedAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not such a statement of a version that we know.</exception>
    public static TransferUndoStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(
        payload, TypeName, FormatVersion, reader => new TransferUndoStatement(reader.ReadGuid(3), reader.ReadFingerprint(4), reader.ReadTime(5)));
}
