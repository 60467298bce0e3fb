using System.Formats.Cbor;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A person holds a User CAL, and may log on at one host until the CAL's end though no license server answers (row U4).
/// Signed by the license server's key. It holds no name: the person is named by a digest that the host computes, too.
/// </summary>
/// <param name="HostId">The host that may use it.</param>
/// <param name="Serial">The CAL, 32 hexadecimal digits.</param>
/// <param name="Version">The CAL's version.</param>
/// <param name="UserDigest">32 bytes: <see cref="DigestUser"/>.</param>
/// <param name="IssuedAt">To the second.</param>
/// <param name="ExpiresAt">The last second.</param>
public sealed record UserLeaseStatement(
    Guid HostId, string Serial, CalVersion Version, byte[] UserDigest, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)
{
    public const string TypeName = "ostiary-user-lease";
    public const int DigestLength = 32;
    private const int FormatVersion = 1;

    /// <summary>SHA-256 over host id, realm, and stable id or name, each ended by a zero byte.</summary>
    public static byte[] DigestUser(Guid hostId, Licensing.UserClaim user)
        => System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{hostId:N}\0{user.Realm}\0{user.StableId ?? user.Name}\0"));

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 6);
        writer.Write(3, HostId);
        writer.Write(4, Serial);
        writer.Write(5, (long)Version.Year);
        writer.Write(6, UserDigest);
        writer.Write(7, IssuedAt);
        writer.Write(8, ExpiresAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a lease of a version that we know, or a field out of its limits.</exception>
    public static UserLeaseStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader => new UserLeaseStatement(
        reader.ReadGuid(3), reader.ReadText(4, 32), new((int)reader.ReadNumber(5)), reader.ReadBytes(6, DigestLength), reader.ReadTime(7), reader.ReadTime(8)));
}
