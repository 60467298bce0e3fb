using Ostiary.LicenseServer.Storage;
using static Ostiary.Doors.CanonicalJson;

namespace Ostiary.LicenseServer.Audit;

/// <summary>
/// The content of a row as an audit entry commits to it: JSON with one fixed order of members. Verification makes it again from the row
/// and compares bytes; it is never parsed. Long bytes stand as their SHA-256.
/// Not part of it: ids of the database, signatures (verified as such), counters, and when a host was last seen or a token last used.
/// </summary>
internal static class CanonicalContent
{
    public const string Licenses = "licenses";
    public const string UserCals = "user_cals";
    public const string Policy = "policy";
    public const string BreakGlass = "break_glass";
    public const string ClockConfirmations = "clock_confirmations";
    public const string Packs = "packs";
    public const string Hosts = "hosts";
    public const string HostGroups = "host_groups";
    public const string Recoveries = "recoveries";
    public const string Invitations = "invitations";
    public const string Successions = "successions";
    public const string Transfers = "transfers";
    public const string Receptions = "receptions";
    public const string Identity = "identity";
    public const string Grace = "grace_copies";

    public static byte[] Of(License license) => Write(json =>
    {
        json.WriteString("serial"u8, license.Serial.ToString());
        json.WriteString("kind"u8, license.Kind == LicenseKind.Permanent ? "permanent" : "temporary");
        json.WriteString("status"u8, license.Status switch { LicenseStatus.Live => "live", LicenseStatus.Expired => "expired", LicenseStatus.Revoked => "revoked", LicenseStatus.Transferred => "transferred", _ => "replaced" });
        json.WriteNumber("version"u8, license.Version.Year);
        json.WriteString("pack"u8, license.PackId?.ToString());
        json.WriteNumber("notBefore"u8, license.NotBefore.ToUnixTimeSeconds());
        json.WriteNumber("notAfter"u8, license.NotAfter.ToUnixTimeSeconds());
        json.WriteString("device"u8, license.DeviceId);
        json.WriteString("hardwareId"u8, Convert.ToHexStringLower(license.HardwareId));
        json.WriteString("clientName"u8, license.ClientName);
        json.WriteString("key"u8, Convert.ToHexStringLower(license.DeviceKey.ToBytes()));
        json.WriteString("account"u8, license.Account);
        json.WriteString("host"u8, license.HostId);
        json.WriteString("toBeSigned"u8, Hash(license.ToBeSigned));
        WriteTime(json, "revokedAt", license.RevokedAt);
        json.WriteString("revocationReason"u8, license.RevocationReason);
        json.WriteBoolean("outsideLimit"u8, license.OutsideLimit);
        json.WriteBoolean("askFirst"u8, license.AskFirst);
        json.WriteBoolean("merged"u8, license.Merged);
        json.WriteNumber("ledgerNumber"u8, license.LedgerNumber);
    });

    public static byte[] Of(UserCal cal) => Write(json =>
    {
        json.WriteString("serial"u8, cal.Serial.ToString());
        json.WriteString("state"u8, cal.State switch { UserCalState.Live => "live", UserCalState.Expired => "expired", UserCalState.Transferred => "transferred", _ => "released" });
        json.WriteString("person"u8, Convert.ToHexStringLower(cal.PersonKey.ToBytes()));
        json.WriteString("name"u8, cal.Name);
        json.WriteString("realm"u8, cal.Realm);
        json.WriteString("stableId"u8, cal.StableId);
        json.WriteString("accountHost"u8, cal.AccountHostId?.ToString());
        json.WriteString("host"u8, cal.HostId);
        json.WriteNumber("version"u8, cal.Version.Year);
        json.WriteString("pack"u8, cal.PackId?.ToString());
        json.WriteNumber("assignedAt"u8, cal.AssignedAt.ToUnixTimeSeconds());
        json.WriteNumber("lastLogonAt"u8, cal.LastLogonAt.ToUnixTimeSeconds());
        json.WriteNumber("expiresAt"u8, cal.ExpiresAt.ToUnixTimeSeconds());
        WriteTime(json, "releasedAt", cal.ReleasedAt);
        json.WriteString("releaseReason"u8, cal.ReleaseReason);
        json.WriteNumber("ledgerNumber"u8, cal.LedgerNumber);
    });

    public static byte[] Of(ServerPolicy policy) => Write(json =>
    {
        json.WriteString("userOverUse"u8, policy.UserOverUse == Contracts.Administration.UserOverUse.Track ? "track" : "enforce");
        json.WriteBoolean("preventLicenseUpgrade"u8, policy.PreventLicenseUpgrade);
        // Entries of before know nothing of it: not there is false.
        if (policy.SecurityGroup)
            json.WriteBoolean("securityGroup"u8, true);
        json.WriteNumber("ledgerNumber"u8, policy.LedgerNumber);
    });

    public static byte[] Of(BreakGlass glass) => Write(json =>
    {
        json.WriteNumber("at"u8, glass.At.ToUnixTimeSeconds());
        json.WriteNumber("until"u8, glass.Until.ToUnixTimeSeconds());
        json.WriteString("reason"u8, glass.Reason);
        json.WriteNumber("ledgerNumber"u8, glass.LedgerNumber);
    });

    public static byte[] Of(ClockConfirmation confirmation) => Write(json =>
    {
        json.WriteNumber("at"u8, confirmation.At.ToUnixTimeSeconds());
        json.WriteNumber("machine"u8, confirmation.Machine.ToUnixTimeSeconds());
        json.WriteNumber("ledgerNumber"u8, confirmation.LedgerNumber);
    });

    public static byte[] Of(Recovery recovery) => Write(json =>
    {
        json.WriteNumber("beganAt"u8, recovery.BeganAt.ToUnixTimeSeconds());
        json.WriteNumber("seenNumber"u8, recovery.SeenNumber);
        WriteTime(json, "endedAt", recovery.EndedAt);
        json.WriteNumber("ledgerNumber"u8, recovery.LedgerNumber);
    });

    public static byte[] Of(IssuedInvitation invitation) => Write(json =>
    {
        json.WriteString("tokenHash"u8, Convert.ToHexStringLower(invitation.TokenHash));
        json.WriteNumber("version"u8, invitation.Version.Year);
        json.WriteNumber("mode"u8, (int)invitation.Mode);
        json.WriteNumber("expiresAt"u8, invitation.ExpiresAt.ToUnixTimeSeconds());
        json.WriteNumber("ledgerNumber"u8, invitation.LedgerNumber);
    });

    public static byte[] Of(Pack pack) => Write(json =>
    {
        json.WriteString("pack"u8, pack.PackId);
        json.WriteNumber("type"u8, (int)pack.Type);
        json.WriteNumber("version"u8, pack.Version.Year);
        json.WriteNumber("quantity"u8, pack.Quantity);
        json.WriteString("program"u8, pack.Program);
        json.WriteNumber("issuedAt"u8, pack.IssuedAt.ToUnixTimeSeconds());
        WriteTime(json, "expiresAt", pack.ExpiresAt);
        json.WriteNumber("installedAt"u8, pack.InstalledAt.ToUnixTimeSeconds());
        json.WriteString("statement"u8, Hash(pack.Statement));
        json.WriteString("issuingCertificate"u8, Hash(pack.IssuingCertificate));
        json.WriteString("productKeyHash"u8, Convert.ToHexStringLower(pack.ProductKeyHash));
        json.WriteString("splitFrom"u8, pack.SplitFrom?.ToString());
        WriteTime(json, "removedAt", pack.RemovedAt);
        WriteTime(json, "revokedAt", pack.RevokedAt);
        json.WriteString("revocationReason"u8, pack.RevocationReason);
        json.WriteString("transfer"u8, pack.TransferId?.ToString());
        json.WriteNumber("ledgerNumber"u8, pack.LedgerNumber);
    });

    public static byte[] Of(JoinedHost host) => Write(json =>
    {
        json.WriteString("host"u8, host.HostId);
        json.WriteString("name"u8, host.Name);
        json.WriteString("machineId"u8, host.MachineId);
        json.WriteString("publicKey"u8, Hash(host.PublicKey));
        json.WriteNumber("version"u8, host.Version.Year);
        json.WriteNumber("mode"u8, (int)host.Mode);
        json.WriteNumber("joinedAt"u8, host.JoinedAt.ToUnixTimeSeconds());
        json.WriteString("certificate"u8, Hash(host.CertificateToBeSigned));
        json.WriteNumber("certificateUntil"u8, host.CertificateUntil.ToUnixTimeSeconds());
        json.WriteBoolean("allowed"u8, host.Allowed);
        json.WriteNumber("quotaPerHour"u8, host.QuotaPerHour);
        json.WriteBoolean("separateAccounts"u8, host.SeparateAccounts);
        // Entries of before know nothing of groups: not there is in none.
        if (host.Group is { } group)
            json.WriteString("group"u8, group);
        WriteTime(json, "removedAt", host.RemovedAt);
        json.WriteNumber("ledgerNumber"u8, host.LedgerNumber);
    });

    public static byte[] Of(HostGroup group) => Write(json =>
    {
        json.WriteString("name"u8, group.Name);
        json.WriteString("values"u8, System.Text.Encoding.UTF8.GetString(group.Values));
        WriteTime(json, "removedAt", group.RemovedAt);
        json.WriteNumber("ledgerNumber"u8, group.LedgerNumber);
    });

    public static byte[] Of(OutgoingTransfer transfer) => Write(json =>
    {
        json.WriteString("transfer"u8, transfer.TransferId);
        json.WriteString("target"u8, transfer.Target);
        json.WriteString("payload"u8, Hash(transfer.Payload));
        json.WriteString("rows"u8, Hash(transfer.Rows));
        json.WriteNumber("at"u8, transfer.At.ToUnixTimeSeconds());
        WriteTime(json, "undoneAt", transfer.UndoneAt);
        json.WriteNumber("ledgerNumber"u8, transfer.LedgerNumber);
    });

    public static byte[] Of(Reception reception) => Write(json =>
    {
        json.WriteString("transfer"u8, reception.TransferId);
        json.WriteString("source"u8, reception.Source);
        json.WriteString("sourceCertificates"u8, Hash(System.Text.Encoding.ASCII.GetBytes(reception.SourceCertificates)));
        json.WriteString("statement"u8, Hash(reception.Statement));
        json.WriteNumber("cals"u8, reception.Cals);
        json.WriteNumber("left"u8, reception.Left);
        json.WriteString("keyPacks"u8, reception.KeyPacks);
        json.WriteNumber("at"u8, reception.At.ToUnixTimeSeconds());
        json.WriteNumber("ledgerNumber"u8, reception.LedgerNumber);
    });

    public static byte[] Of(KeySuccession succession) => Write(json =>
    {
        json.WriteString("old"u8, succession.Old);
        json.WriteString("new"u8, succession.New);
        json.WriteNumber("cause"u8, (int)succession.Cause);
        json.WriteString("reason"u8, succession.Reason);
        json.WriteNumber("preparedAt"u8, succession.PreparedAt.ToUnixTimeSeconds());
        json.WriteString("payload"u8, Hash(succession.Payload));
        json.WriteNumber("nonce"u8, succession.Nonce);
        json.WriteString("statement"u8, Hash(succession.Statement ?? []));
        json.WriteString("oldCertificates"u8, Hash(System.Text.Encoding.ASCII.GetBytes(succession.OldCertificates ?? "")));
        json.WriteString("issuingCertificate"u8, Hash(System.Text.Encoding.ASCII.GetBytes(succession.IssuingCertificate ?? "")));
        WriteTime(json, "switchedAt", succession.SwitchedAt);
        json.WriteNumber("ledgerNumber"u8, succession.LedgerNumber);
    });

    public static byte[] Of(GraceCopy copy) => Write(json =>
    {
        json.WriteString("machineId"u8, copy.MachineId);
        json.WriteString("record"u8, Convert.ToHexStringLower(copy.Record));
        json.WriteNumber("ledgerNumber"u8, copy.LedgerNumber);
    });

    public static byte[] Of(IdentityRow identity) => Write(json =>
    {
        json.WriteString("selfMade"u8, Hash(identity.SelfMadeCertificate));
        json.WriteString("certificate"u8, Hash(identity.Certificate ?? []));
        json.WriteString("issuingCertificate"u8, Hash(identity.IssuingCertificate ?? []));
        json.WriteString("root"u8, Hash(identity.Root ?? []));
        json.WriteString("trust"u8, Hash(identity.Trust ?? []));
        WriteTime(json, "activatedAt", identity.ActivatedAt);
        // Not there before the first deactivation: entries of before stay what they were.
        if (identity.DeactivatedAt is not null)
            WriteTime(json, "deactivatedAt", identity.DeactivatedAt);
        if (identity.Confirmation is { } confirmation)
            json.WriteString("confirmation"u8, Hash(confirmation));
        json.WriteNumber("ledgerNumber"u8, identity.LedgerNumber);
    });
}
