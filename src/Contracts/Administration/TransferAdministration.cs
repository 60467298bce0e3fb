using System.IO.Compression;
using System.Text.Json;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;

namespace Ostiary.Contracts.Administration;

/// <summary><c>POST /v1/transfers</c> of a license server: signs key packs away, to another one. The same again gets the same <see cref="TransferFile"/>.</summary>
/// <param name="KeyPacks">Their numbers, as they were installed.</param>
/// <param name="To">The License Server ID that they are for.</param>
public sealed record TransferPacksRequest(IReadOnlyList<Guid> KeyPacks, string To);

/// <summary>
/// What is carried from one license server to another, and the body of <c>POST /v1/receptions</c> there, at most <see cref="MaxLength"/> bytes. It holds names of
/// devices and persons.
/// </summary>
/// <param name="Statement">A <see cref="Statements.TransferStatement"/>, signed by the license server that had the key packs.</param>
/// <param name="SourceCertificates">That license server's certificate and those above it without the root, PEM.</param>
/// <param name="Rows"><see cref="TransferRows.Encode"/>.</param>
public sealed record TransferFile(byte[] Statement, string SourceCertificates, byte[] Rows)
{
    public const int MaxLength = 32 * 1024 * 1024;

    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(TransferFile);
}

/// <summary>A key pack, or a part of one that was converted.</summary>
/// <param name="PackId">Its number.</param>
/// <param name="KeyPack">The number in the pack's statement.</param>
/// <param name="Type">What its CALs are held by.</param>
/// <param name="Quantity">Its seats.</param>
/// <param name="SplitFrom">The part that it was split off; null for a pack as it was installed.</param>
public sealed record TransferredPart(Guid PackId, Guid KeyPack, CalType Type, int Quantity, Guid? SplitFrom);

/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="PackId">The part that its seat is from.</param>
/// <param name="HardwareId">40 hexadecimal digits.</param>
/// <param name="ClientName">The device's name.</param>
/// <param name="HostId">The host that asked for it.</param>
/// <param name="Version">Its version.</param>
/// <param name="IssuedAt">Its first second.</param>
/// <param name="ExpiresAt">Its last second.</param>
/// <param name="ToBeSigned">The TBSCertificate, DER.</param>
/// <param name="Account">Who logged on over it.</param>
public sealed record TransferredCal(
    string Serial, Guid PackId, string HardwareId, string ClientName, Guid HostId, CalVersion Version, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, byte[] ToBeSigned, string? Account);

/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="PackId">The part that its seat is from.</param>
/// <param name="Name">The person's name.</param>
/// <param name="Realm">Empty for a local account.</param>
/// <param name="StableId">The directory's id; null for a local account.</param>
/// <param name="AccountHostId">The host whose local account it is, where that host keeps its accounts apart.</param>
/// <param name="HostId">The host that asked for it.</param>
/// <param name="Version">Its version.</param>
/// <param name="AssignedAt">When the person first had it.</param>
/// <param name="LastLogonAt">The last logon that moved its end.</param>
/// <param name="ExpiresAt">Its last second.</param>
public sealed record TransferredUserCal(
    string Serial, Guid PackId, string Name, string Realm, string? StableId, Guid? AccountHostId, Guid HostId, CalVersion Version,
    DateTimeOffset AssignedAt, DateTimeOffset LastLogonAt, DateTimeOffset ExpiresAt);

/// <summary>What was issued of the key packs, and how they were split.</summary>
public sealed record TransferRows(IReadOnlyList<TransferredPart> Parts, IReadOnlyList<TransferredCal> Cals, IReadOnlyList<TransferredUserCal> UserCals)
{
    /// <summary>Bytes of the JSON at most, compressed or not.</summary>
    public const int MaxJsonLength = 256 * 1024 * 1024;

    /// <summary>JSON, compressed (RFC 1950): the to-be-signed bytes of CALs are much alike.</summary>
    public byte[] Encode()
    {
        using var bytes = new MemoryStream();
        using (var compressed = new ZLibStream(bytes, CompressionLevel.SmallestSize))
            JsonSerializer.Serialize(compressed, this, ContractsJson.Default.TransferRows);
        return bytes.ToArray();
    }

    /// <summary>Null where the bytes are anything else, or longer than <see cref="MaxJsonLength"/> when decompressed.</summary>
    public static TransferRows? Decode(byte[] bytes)
    {
        try
        {
            using var compressed = new ZLibStream(new MemoryStream(bytes), CompressionMode.Decompress);
            using var json = new MemoryStream();
            var buffer = new byte[64 * 1024];
            for (var read = compressed.Read(buffer); read > 0; read = compressed.Read(buffer))
            {
                if (json.Length + read > MaxJsonLength)
                    return null;
                json.Write(buffer, 0, read);
            }

            json.Position = 0;
            return JsonSerializer.Deserialize(json, ContractsJson.Default.TransferRows) is { Parts: not null, Cals: not null, UserCals: not null } rows ? rows : null;
        }
        catch (Exception malformed) when (malformed is InvalidDataException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(TransferRows);
}

/// <summary><c>POST /v1/receptions</c>: what came of a file. The same file again changes nothing.</summary>
/// <param name="TransferId">The transfer.</param>
/// <param name="From">The License Server ID that had the key packs.</param>
/// <param name="KeyPacks">Their numbers here.</param>
/// <param name="Cals">CALs that came along and hold a seat.</param>
/// <param name="Left">CALs that came along for devices and persons that hold one here already: their seats are free.</param>
public sealed record ReceptionRecord(Guid TransferId, string From, IReadOnlyList<Guid> KeyPacks, int Cals, int Left);

/// <summary><c>DELETE /v1/transfers/{id}</c>, by a key pack's number: the transfer was taken back.</summary>
/// <param name="TransferId">The transfer.</param>
/// <param name="KeyPacks">The key packs that are here again.</param>
/// <param name="Cals">CALs that hold their seats again.</param>
public sealed record TransferUndone(Guid TransferId, IReadOnlyList<Guid> KeyPacks, int Cals);
