using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>What the license servers together say to one connection.</summary>
internal abstract record ServerReply
{
    private ServerReply()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    public sealed record Granted(KeyFingerprint Server, GrantedCal Cal, long LedgerNumber) : ServerReply;

    /// <param name="Address">Who refuses.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Detail">With the numbers that decided.</param>
    /// <param name="SilentServers">Those that did not answer.</param>
    /// <param name="SilentDetail">How they failed.</param>
    public sealed record Refused(string Address, RefusalReason Reason, string? Detail, IReadOnlyList<KeyFingerprint> SilentServers, string SilentDetail) : ServerReply;

    /// <summary>None answers.</summary>
    /// <param name="Detail">Which, and how it failed.</param>
    public sealed record Silent(string Detail) : ServerReply;

    public sealed record NoneConfigured : ServerReply;
}
