namespace Ostiary.LicenseServer.Audit;

/// <summary>Kinds of entries that the verification must know.</summary>
internal static class AuditKinds
{
    /// <summary>The row is gone, as it should be; the entry's content is empty.</summary>
    public const string TokenRemoved = "token-removed";
}
