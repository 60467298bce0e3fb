using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Policy;

namespace Ostiary.Contracts.Licensing;

// What session hosts and license servers say to each other: HTTPS with mutual TLS, path /v1/.
// A host's client certificate is self-made while it joins, and issued by the license server afterwards.

/// <summary>
/// <c>POST /v1/hosts/join</c>. The host's public key is the one of its TLS client certificate, which proves that it holds the key.
/// The same token, key and machine again get the same host id (a lost answer costs nothing).
/// </summary>
/// <param name="Token">From the invitation.</param>
/// <param name="MachineId">32 hexadecimal digits: a stable id of the machine (systemd's machine-id, hashed with a label).</param>
/// <param name="Name">The host's name as it calls itself; at most 255 characters.</param>
public sealed record JoinRequest(string Token, string MachineId, string Name)
{
    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(JoinRequest);
}

/// <summary>Answer to joining and to <c>POST /v1/hosts/renew</c> (no body), which a host calls when a third of its certificate's 30 days is left.</summary>
/// <param name="HostId">The host's number at this license server.</param>
/// <param name="Certificate">The host's certificate, PEM, followed by the license server's and those above it without the root.</param>
/// <param name="Root">The published root, PEM; null while the license server is not activated.</param>
/// <param name="Version">The host's version.</param>
/// <param name="Mode">The host's licensing mode.</param>
/// <param name="Grace">The signed grace record that counts for this machine, from an earlier joining too; null when there is none.</param>
public sealed record Membership(Guid HostId, string Certificate, string? Root, CalVersion Version, LicensingMode Mode, byte[]? Grace = null);

/// <summary>What a client claims to be. All of it is the client's own word.</summary>
/// <param name="HardwareId">40 hexadecimal digits: the 20 bytes of CLIENT_HARDWARE_ID (MS-RDPELE 2.2.2.3.1).</param>
/// <param name="ClientName">The machine's name from the licensing exchange; at most 255 characters.</param>
/// <param name="UserName">The user's name from the licensing exchange, not proven; at most 255 characters.</param>
/// <param name="Address">The client's address as the host sees it.</param>
public sealed record DeviceClaim(string HardwareId, string ClientName, string UserName, string Address)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(DeviceClaim);
}

/// <summary>
/// <c>POST /v1/device-cals</c>: a device at a per-device host needs a CAL. The same request id again gets the same answer;
/// the same id with another body is the problem <c>request-id-reused</c>.
/// </summary>
/// <param name="RequestId">Chosen by the host.</param>
/// <param name="Device">What the client claims.</param>
/// <param name="Presented">The stored license that the client presented, if it has the form of ours; base64 in JSON; at most 4,096 bytes.</param>
/// <param name="Pass">What may be granted.</param>
public sealed record DeviceCalRequest(Guid RequestId, DeviceClaim Device, byte[]? Presented, AskingPass Pass = AskingPass.Any)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(DeviceCalRequest);
}

/// <summary>Why a license server grants nothing. The kebab-case name is the refusal's reason code.</summary>
public enum RefusalReason
{
    /// <summary>The device's temporary CAL is over and no permanent one is free.</summary>
    TemporaryExpired,

    /// <summary>No CAL is free, and the device may not have a temporary one.</summary>
    NoCalAvailable,

    /// <summary>CALs are free, but older than the host.</summary>
    VersionTooOld,

    /// <summary>The device's CAL was revoked.</summary>
    Revoked,

    /// <summary>The license server has CALs, but only of the other type than the host's mode asks for.</summary>
    OtherTypeOnly,

    /// <summary>The host has asked for more than its quota allows.</summary>
    QuotaExceeded,

    /// <summary>The host is not allowed to ask.</summary>
    HostNotAllowed,

    /// <summary>The publisher has revoked the license server.</summary>
    LicenseServerRevoked,

    /// <summary>The license server was deactivated: it has given its key packs up.</summary>
    LicenseServerDeactivated,
}

/// <summary>The ledger's head after an answer: what the host keeps as evidence.</summary>
/// <param name="Number">The ledger number.</param>
/// <param name="Hash">32 bytes: the audit chain's hash at this number.</param>
/// <param name="Signature">The license server's signature (IEEE P1363, SHA-256) over <see cref="ToBeSigned"/>.</param>
public sealed record LedgerHead(long Number, byte[] Hash, byte[] Signature)
{
    /// <summary>"Ostiary ledger head", the number (8 bytes, big-endian) and the hash.</summary>
    public static byte[] ToBeSigned(long number, ReadOnlySpan<byte> hash)
    {
        var bytes = new byte[19 + 8 + hash.Length];
        "Ostiary ledger head"u8.CopyTo(bytes);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(19), number);
        hash.CopyTo(bytes.AsSpan(27));
        return bytes;
    }
}

/// <summary>A CAL as a host keeps it: the receipt's data.</summary>
/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="Version">The CAL's version.</param>
/// <param name="Temporary">True for the 90-day license of a device that has none yet.</param>
/// <param name="IssuedAt">First valid second.</param>
/// <param name="ExpiresAt">Last valid second.</param>
/// <param name="Stored">What the client is to store (<see cref="DeviceCal.WriteStored"/>); null when it presented this very CAL.</param>
public sealed record GrantedCal(string Serial, CalVersion Version, bool Temporary, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, byte[]? Stored);

/// <summary>Exactly one of <see cref="Granted"/> and <see cref="Refused"/> is there.</summary>
/// <param name="Granted">The CAL.</param>
/// <param name="Refused">Why there is none.</param>
/// <param name="Detail">One sentence with the numbers that decided, for the refusal's record.</param>
/// <param name="Head">The ledger's head after the commit that this answer rests on.</param>
public sealed record DeviceCalAnswer(GrantedCal? Granted, RefusalReason? Refused, string? Detail, LedgerHead Head);

/// <summary><c>POST /v1/validations</c>: somebody logged on over a connection that was admitted with a temporary CAL. Idempotent.</summary>
/// <param name="RequestId">Chosen by the host.</param>
/// <param name="Serial">The temporary CAL.</param>
/// <param name="Account">The name that NSS returned for the person who logged on; at most 255 characters.</param>
public sealed record ValidationRequest(Guid RequestId, string Serial, string Account)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(ValidationRequest);
}

/// <param name="Validated">False when the license server does not know the temporary CAL any more; the device is asked for a logon again.</param>
/// <param name="Head">The ledger's head.</param>
public sealed record ValidationAnswer(bool Validated, LedgerHead Head);

/// <summary><c>GET /v1/hosts/policy</c>: what the license server says to the group in which the asking session host is.</summary>
/// <param name="Group">The group's name; null where the host is in none.</param>
/// <param name="Values">What it says; null where the host is in no group.</param>
public sealed record HostGroupPolicy(string? Group = null, PolicyValues? Values = null);
