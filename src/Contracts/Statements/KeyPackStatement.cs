using System.Formats.Cbor;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Statements;

/// <summary>A key pack: n CALs of one type and one version for one license server. Signed by the clearinghouse's issuing key.</summary>
/// <param name="PackId">The pack's number.</param>
/// <param name="LicenseServer">The key of the license server that it is for.</param>
/// <param name="Type">What its CALs are held by.</param>
/// <param name="Version">The version of its CALs.</param>
/// <param name="Quantity">1 to 16,383 CALs.</param>
/// <param name="Program">The license program, e.g. <c>retail</c> or <c>evaluation</c>.</param>
/// <param name="IssuedAt">To the second.</param>
/// <param name="ExpiresAt">The pack's end, to the second; null for a perpetual one.</param>
public sealed record KeyPackStatement(
    Guid PackId,
    KeyFingerprint LicenseServer,
    CalType Type,
    CalVersion Version,
    int Quantity,
    string Program,
    DateTimeOffset IssuedAt,
    DateTimeOffset? ExpiresAt)
{
    public const string TypeName = "ostiary-key-pack";
    public const int MaxQuantity = 16_383;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, ExpiresAt is null ? 7 : 8);
        writer.WriteInt32(3);
        writer.WriteByteString(PackId.ToByteArray(bigEndian: true));
        writer.WriteInt32(4);
        writer.WriteByteString(LicenseServer.Bytes);
        writer.WriteInt32(5);
        writer.WriteInt32((int)Type);
        writer.WriteInt32(6);
        writer.WriteInt32(Version.Year);
        writer.WriteInt32(7);
        writer.WriteInt32(Quantity);
        writer.WriteInt32(8);
        writer.WriteTextString(Program);
        writer.WriteInt32(9);
        writer.WriteInt64(IssuedAt.ToUnixTimeSeconds());
        if (ExpiresAt is { } end)
        {
            writer.WriteInt32(10);
            writer.WriteInt64(end.ToUnixTimeSeconds());
        }

        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a key pack of a version that we know, or a field out of its limits.</exception>
    public static KeyPackStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, ReadMembers);

    private static KeyPackStatement ReadMembers(CborReader reader)
    {
        reader.Expect(3);
        var packId = new Guid(reader.ReadByteString(), bigEndian: true);
        reader.Expect(4);
        if (!KeyFingerprint.TryParse(Convert.ToHexStringLower(reader.ReadByteString()), out var licenseServer))
            throw new CborContentException("member 4 is not a key fingerprint");
        reader.Expect(5);
        var type = (CalType)reader.ReadInt32();
        reader.Expect(6);
        var version = new CalVersion(reader.ReadInt32());
        reader.Expect(7);
        var quantity = reader.ReadInt32();
        reader.Expect(8);
        var program = reader.ReadTextString();
        reader.Expect(9);
        var issuedAt = DateTimeOffset.FromUnixTimeSeconds(reader.ReadInt64());
        DateTimeOffset? expiresAt = null;
        if (reader.PeekState() != CborReaderState.EndMap)
        {
            reader.Expect(10);
            expiresAt = DateTimeOffset.FromUnixTimeSeconds(reader.ReadInt64());
        }

        return Enum.IsDefined(type) && quantity is >= 1 and <= MaxQuantity && program.Length is > 0 and <= 64
            ? new(packId, licenseServer, type, version, quantity, program, issuedAt, expiresAt)
            : throw new CborContentException($"type, quantity (1 to {MaxQuantity}) or program (at most 64 characters) is out of its limits");
    }
}
