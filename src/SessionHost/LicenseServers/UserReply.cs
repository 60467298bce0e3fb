using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>What the license servers together say of one person.</summary>
internal abstract record UserReply
{
    private UserReply()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    public sealed record Granted(KeyFingerprint Server, GrantedUserCal Cal) : UserReply;

    public sealed record Refused(string Address, RefusalReason Reason, string? Detail) : UserReply;

    /// <summary>None answers, or the issuer of the person's lease does not and no other one grants.</summary>
    /// <param name="Detail">Which, and how it failed.</param>
    public sealed record Silent(string Detail) : UserReply;

    public sealed record NoneConfigured : UserReply;
}
