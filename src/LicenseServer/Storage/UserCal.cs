using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;

namespace Ostiary.LicenseServer.Storage;

internal enum UserCalState
{
    /// <summary>Held by its person.</summary>
    Live = 0,

    /// <summary>Past its end; its seat went back.</summary>
    Expired = 1,

    /// <summary>An administrator took it back.</summary>
    Released = 2,

    /// <summary>Its key pack was signed away to another license server, and it with it.</summary>
    Transferred = 3,
}

/// <summary>A User CAL (table <c>user_cals</c>): one person, any number of devices. Each change of it is an audit entry.</summary>
internal sealed class UserCal
{

    public long Id { get; private set; }

    public required CalSerial Serial { get; init; }

    /// <summary>Who holds it, as a value to look up; at most one live CAL has it.</summary>
    public required PersonKey PersonKey { get; set; }

    /// <summary>The newest name; 1 to 255 characters.</summary>
    public required string Name { get; set; }

    /// <summary>Empty for a local account.</summary>
    public required string Realm { get; init; }

    /// <summary>The directory's id; null for a local account.</summary>
    public required string? StableId { get; init; }

    /// <summary>The host whose local account it is, where the host's local accounts are persons of their own; else null.</summary>
    public required Guid? AccountHostId { get; init; }

    /// <summary>The host that asked for it.</summary>
    public required Guid HostId { get; init; }

    public required CalVersion Version { get; set; }

    /// <summary>The key pack that the seat is from; null for a CAL beyond the packs.</summary>
    public Guid? PackId { get; set; }

    public required DateTimeOffset AssignedAt { get; init; }

    /// <summary>The last logon that moved the end: written when a day is gained, so up to a day older than the last logon.</summary>
    public DateTimeOffset LastLogonAt { get; set; }

    /// <summary>The last second.</summary>
    public DateTimeOffset ExpiresAt { get; set; }

    public UserCalState State { get; set; }

    public DateTimeOffset? ReleasedAt { get; set; }

    /// <summary>Why it was released; null where no reason was needed.</summary>
    public string? ReleaseReason { get; set; }

    public long LedgerNumber { get; set; }

    /// <summary>How often a repeated request has confirmed the row.</summary>
    public long Touches { get; set; }

    public bool OverUsed => PackId is null;

    public bool IsOver(DateTimeOffset now) => now > ExpiresAt;

    public UserCalStatus StatusAt(DateTimeOffset now) => State switch
    {
        UserCalState.Released => UserCalStatus.Released,
        UserCalState.Transferred => UserCalStatus.Transferred,
        UserCalState.Live when !IsOver(now) => UserCalStatus.Active,
        _ => UserCalStatus.Expired,
    };
}

/// <summary>
/// A person as a value to look up: the first 16 bytes of SHA-256. A directory account is its realm and stable id; a local account its name,
/// on all hosts or, where a host keeps its accounts apart, on that host.
/// </summary>
internal readonly record struct PersonKey(UInt128 Value)
{
    public static PersonKey Of(UserClaim user, Guid? accountHost)
        => user.StableId is { } id ? Hash("directory", user.Realm.ToLowerInvariant(), id) : Local(user.Name, accountHost);

    public static PersonKey Local(string name, Guid? accountHost)
        => accountHost is { } host ? Hash("host", $"{host:N}", name) : Hash("local", "", name);

    public static PersonKey Of(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    // Length before each text: no two persons have the same bytes.
    private static PersonKey Hash(string kind, string scope, string value)
        => Of(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}{scope.Length}:{scope}{value.Length}:{value}")));
}
