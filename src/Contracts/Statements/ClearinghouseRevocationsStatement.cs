using System.Formats.Cbor;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Statements;

/// <summary>Why a clearinghouse has revoked a license server or a key pack. The kebab-case name is what is typed and shown.</summary>
public enum ClearinghouseRevocationReason
{
    /// <summary>Another one; the publisher says which.</summary>
    Other = 0,

    /// <summary>Somebody else has, or may have, the key.</summary>
    KeyCompromised = 1,

    /// <summary>The machine is gone, and another one holds its key packs.</summary>
    Lost = 2,

    /// <summary>Another key or pack stands in its place.</summary>
    Superseded = 3,

    /// <summary>The money went back.</summary>
    Refunded = 4,
}

/// <param name="LicenseServer">The license server's key.</param>
/// <param name="Reason">Why.</param>
/// <param name="RevokedAt">To the second.</param>
public sealed record RevokedLicenseServer(KeyFingerprint LicenseServer, ClearinghouseRevocationReason Reason, DateTimeOffset RevokedAt);

/// <param name="PackId">The key pack.</param>
/// <param name="Reason">Why.</param>
/// <param name="RevokedAt">To the second.</param>
public sealed record RevokedKeyPack(Guid PackId, ClearinghouseRevocationReason Reason, DateTimeOffset RevokedAt);

/// <summary>
/// The clearinghouse's revocation list, signed by an issuing key: which license servers and which key packs are void. The whole list each time; it is
/// made anew every day, so that its age says how old the news is.
/// </summary>
/// <param name="Number">1 for the first, and greater with each that follows. Whoever follows takes no list with a smaller number than the one it has.</param>
/// <param name="IssuedAt">To the second.</param>
/// <param name="LicenseServers">At most <see cref="MaxEntries"/>, ascending by key.</param>
/// <param name="KeyPacks">At most <see cref="MaxEntries"/>, ascending by number as bytes.</param>
public sealed record ClearinghouseRevocationsStatement(
    long Number, DateTimeOffset IssuedAt, IReadOnlyList<RevokedLicenseServer> LicenseServers, IReadOnlyList<RevokedKeyPack> KeyPacks)
{
    public const string TypeName = "ostiary-clearinghouse-revocations";

    /// <summary>Entries of each kind. An entry has at most 46 bytes, so that both lists are within <see cref="Statement.MaxLength"/>.</summary>
    public const int MaxEntries = 700;

    private const int FormatVersion = 1;
    private const int GuidLength = 16;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 4);
        writer.Write(3, Number);
        writer.Write(4, IssuedAt);
        writer.WriteInt32(5);
        writer.WriteStartArray(LicenseServers.Count);
        foreach (var server in LicenseServers)
            WriteEntry(writer, server.LicenseServer.Bytes, server.Reason, server.RevokedAt);
        writer.WriteEndArray();
        writer.WriteInt32(6);
        writer.WriteStartArray(KeyPacks.Count);
        foreach (var pack in KeyPacks)
            WriteEntry(writer, pack.PackId.ToByteArray(bigEndian: true), pack.Reason, pack.RevokedAt);
        writer.WriteEndArray();
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not such a list of a version that we know, or a field out of its limits.</exception>
    public static ClearinghouseRevocationsStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (number, issued) = (reader.ReadNumber(3), reader.ReadTime(4));
        if (number < 1)
            throw new CborContentException("the number is under 1");
        var servers = ReadEntries(reader, 5, entry => new RevokedLicenseServer(entry.ReadFingerprintEntry(5), ReadReason(entry), ReadTime(entry)));
        var packs = ReadEntries(reader, 6, entry => new RevokedKeyPack(ReadPack(entry), ReadReason(entry), ReadTime(entry)));
        return Ascend(servers, server => server.LicenseServer.Hex) && Ascend(packs, pack => Convert.ToHexStringLower(pack.PackId.ToByteArray(bigEndian: true)))
            ? new ClearinghouseRevocationsStatement(number, issued, servers, packs)
            : throw new CborContentException("the entries do not ascend");
    });

    private static void WriteEntry(CborWriter writer, byte[] subject, ClearinghouseRevocationReason reason, DateTimeOffset at)
    {
        writer.WriteStartArray(3);
        writer.WriteByteString(subject);
        writer.WriteInt32((int)reason);
        writer.WriteInt64(at.ToUnixTimeSeconds());
        writer.WriteEndArray();
    }

    private static T[] ReadEntries<T>(CborReader reader, int member, Func<CborReader, T> read)
    {
        reader.Expect(member);
        if (reader.ReadStartArray() is not (>= 0 and <= MaxEntries and var count))
            throw new CborContentException($"member {member} has more than {MaxEntries} entries");
        var entries = new T[count];
        for (var index = 0; index < count; index++)
        {
            if (reader.ReadStartArray() != 3)
                throw new CborContentException($"an entry of member {member} has three parts");
            entries[index] = read(reader);
            reader.ReadEndArray();
        }

        reader.ReadEndArray();
        return entries;
    }

    private static Guid ReadPack(CborReader reader)
        => reader.ReadByteString() is { Length: GuidLength } bytes ? new(bytes, bigEndian: true) : throw new CborContentException($"a key pack's number has {GuidLength} bytes");

    // A reason that a later version has added is still a revocation.
    private static ClearinghouseRevocationReason ReadReason(CborReader reader)
        => (ClearinghouseRevocationReason)reader.ReadInt32() is var reason && Enum.IsDefined(reason) ? reason : ClearinghouseRevocationReason.Other;

    private static DateTimeOffset ReadTime(CborReader reader) => DateTimeOffset.FromUnixTimeSeconds(reader.ReadInt64());

    private static bool Ascend<T>(T[] entries, Func<T, string> keyOf)
        => entries.Zip(entries.Skip(1)).All(pair => string.CompareOrdinal(keyOf(pair.First), keyOf(pair.Second)) < 0);
}
