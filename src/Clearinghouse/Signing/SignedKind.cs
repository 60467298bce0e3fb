namespace Ostiary.Clearinghouse.Signing;

/// <summary>What the signer signs, as its log and the clearinghouse's rows name it.</summary>
internal static class SignedKind
{
    public const string LicenseServer = "license-server-certificate";
    public const string ClearinghouseTls = "clearinghouse-tls-certificate";
    public const string KeyPack = "key-pack";
    public const string GraceExtension = "grace-extension";
    public const string RevocationList = "revocation-list";
    public const string Succession = "succession";
    public const string Deactivation = "deactivation";

    /// <summary>Committed nowhere: it is no license, it is of the signer's own clock, and whoever asks has drawn a nonce. Anybody may ask, and need not fill the database.</summary>
    public const string Time = "time";

    /// <summary>Of an audit entry that is there: the entry itself is what is committed.</summary>
    public const string AuditHead = "audit-head";
}
