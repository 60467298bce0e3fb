namespace Ostiary.LicenseServer.Issuance;

/// <summary>What is said where a session host may not ask.</summary>
internal static class HostStanding
{
    public const string NotAllowed = "An administrator has barred the session host, or has not yet allowed it (policy SecurityGroup): ostiary hosts set HOST --allowed true.";
}
