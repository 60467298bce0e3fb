using Ostiary.Contracts.Administration;

namespace Ostiary.LicenseServer.Storage;

/// <summary>What an administrator has set for the whole license server; what is in force, <see cref="Policy.MachinePolicy"/> says (table <c>policy</c>, one row; none until something is set).</summary>
internal sealed class ServerPolicy
{
    public const int TheOne = 1;

    public int Id { get; init; } = TheOne;

    public UserOverUse UserOverUse { get; set; } = UserOverUse.Enforce;

    public bool PreventLicenseUpgrade { get; set; }

    /// <summary>Session hosts that join are answered only when an administrator has allowed them.</summary>
    public bool SecurityGroup { get; set; }

    public long LedgerNumber { get; set; }
}

/// <summary>24 hours in which User CALs are granted beyond the packs (table <c>break_glass</c>).</summary>
internal sealed class BreakGlass
{
    public static readonly TimeSpan Length = TimeSpan.FromHours(24);
    public static readonly TimeSpan Apart = TimeSpan.FromDays(30);

    public long Id { get; private set; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The last second.</summary>
    public required DateTimeOffset Until { get; init; }

    public required string Reason { get; init; }

    public long LedgerNumber { get; set; }
}
