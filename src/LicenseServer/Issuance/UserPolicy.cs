using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>The User CAL that a person holds now. It is not over.</summary>
/// <param name="Version">Its version.</param>
/// <param name="PackId">The pack that its seat is from; null when it is beyond the packs.</param>
/// <param name="ExpiresAt">Its last second.</param>
internal sealed record HeldUserCal(CalVersion Version, Guid? PackId, DateTimeOffset ExpiresAt);

/// <summary>What decides about a logon, besides the person and the packs.</summary>
/// <param name="Activated">Whether a clearinghouse has certified the license server.</param>
/// <param name="OverUse">The server's policy.</param>
/// <param name="PreventLicenseUpgrade">Only CALs of the host's own version are given.</param>
/// <param name="BreakGlassUntil">The last second of the break-glass that runs now; null when none does.</param>
/// <param name="DeviceCalsOnly">CALs are installed, all of them Device CALs.</param>
/// <param name="Pass">What the host asks for.</param>
internal sealed record UserTerms(
    bool Activated, UserOverUse OverUse, bool PreventLicenseUpgrade, DateTimeOffset? BreakGlassUntil, bool DeviceCalsOnly, AskingPass Pass);

/// <summary>What is to be done for a person who logs on.</summary>
internal abstract record UserDecision
{
    private UserDecision()
    {
    }

    /// <summary>The CAL that is held, until then; the end is written anew only where a day or more is gained.</summary>
    public sealed record Hold(DateTimeOffset Until) : UserDecision;

    /// <summary>A free seat; the CAL that is held moves to it.</summary>
    public sealed record Seat(Guid PackId, CalVersion Version, DateTimeOffset Until) : UserDecision;

    /// <summary>A CAL beyond the packs; the seat of one that is held goes back.</summary>
    public sealed record OverUse(CalVersion Version, DateTimeOffset Until) : UserDecision;

    public sealed record Refused(RefusalReason Reason, string Detail) : UserDecision;
}

/// <summary>
/// The rule of User CALs: one for a person, 60 days from the last logon. A held one goes on; else a free seat, the host's own version first,
/// then the oldest newer one; else over-use where policy or break-glass allows it. Pure: what it knows is given to it.
/// </summary>
internal static class UserPolicy
{
    public const int Days = 60;
    private static readonly TimeSpan MovesFromEndingPack = TimeSpan.FromDays(7);

    public static UserDecision Decide(HeldUserCal? held, IReadOnlyList<PackSeats> packs, CalVersion host, DateTimeOffset now, UserTerms terms)
    {
        if (!terms.Activated)
            return new UserDecision.Refused(
                RefusalReason.NoCalAvailable, "The license server is not activated; it issues no User CALs until it is ('ostiary server activate').");
        var free = FreeSeat(packs, host, terms.PreventLicenseUpgrade);
        if (held is { PackId: { } packId } && held.Version.Serves(host))
        {
            // A pack that was removed gives no new time; one that ends soon makes the person move, when there is somewhere to go.
            var own = packs.FirstOrDefault(pack => pack.PackId == packId);
            var until = own is null ? held.ExpiresAt : Until(own, now);
            return free is not null && Until(free, now) > until && (own is null || until - now < MovesFromEndingPack)
                ? new UserDecision.Seat(free.PackId, free.Version, Until(free, now))
                : new UserDecision.Hold(until);
        }

        if (free is not null)
            return new UserDecision.Seat(free.PackId, free.Version, Until(free, now));
        if (OverUseUntil(now, terms) is not { } end)
            return Refuse(held, packs, host, terms);
        return held is { PackId: null } && held.Version.Serves(host)
            ? new UserDecision.Hold(end > held.ExpiresAt ? end : held.ExpiresAt)
            : new UserDecision.OverUse(host, end);
    }

    /// <summary>The last second of a CAL beyond the packs: 60 days by policy, the end of break-glass otherwise; null where neither allows one.</summary>
    public static DateTimeOffset? OverUseEnd(DateTimeOffset now, UserOverUse policy, DateTimeOffset? breakGlassUntil)
        => policy == UserOverUse.Track ? now.AddDays(Days) : breakGlassUntil;

    private static DateTimeOffset? OverUseUntil(DateTimeOffset now, UserTerms terms)
    {
        if (terms.Pass == AskingPass.Permanent)
            return null;
        // Where only Device CALs are installed the host's mode is wrong: policy does not hide that; break-glass is for just such a day.
        return OverUseEnd(now, terms.DeviceCalsOnly ? UserOverUse.Enforce : terms.OverUse, terms.BreakGlassUntil);
    }

    private static PackSeats? FreeSeat(IReadOnlyList<PackSeats> packs, CalVersion host, bool exactOnly)
        => packs.Where(pack => pack.Free > 0 && pack.Version.Serves(host) && (!exactOnly || pack.Version == host))
            .OrderBy(pack => pack.Version).ThenBy(pack => pack.InstalledAt).ThenBy(pack => pack.PackId)
            .FirstOrDefault();

    private static DateTimeOffset Until(PackSeats pack, DateTimeOffset now)
        => now.AddDays(Days) is var until && pack.ExpiresAt < until ? pack.ExpiresAt.Value : until;

    private static UserDecision.Refused Refuse(HeldUserCal? held, IReadOnlyList<PackSeats> packs, CalVersion host, UserTerms terms)
    {
        if (terms.DeviceCalsOnly)
            return new(RefusalReason.OtherTypeOnly, "The host is in per-user mode, and only Device CALs are installed; install User CALs, convert a pack, or let the host join in per-device mode.");
        var which = terms.PreventLicenseUpgrade ? $"version {host}" : $"version {host} or newer";
        var serving = packs.Where(pack => terms.PreventLicenseUpgrade ? pack.Version == host : pack.Version.Serves(host)).ToList();
        var pool = $"{serving.Sum(pack => pack.Installed)} User CALs of {which} are installed and {serving.Sum(pack => pack.Free)} of them are free";
        var older = packs.Where(pack => !pack.Version.Serves(host)).Sum(pack => pack.Free);
        if (held is not null && !held.Version.Serves(host))
            return new(RefusalReason.VersionTooOld, $"The person's CAL is of version {held.Version} and the host of version {host}; {pool}.");
        return older > 0
            ? new(RefusalReason.VersionTooOld, $"{pool}; {older} older ones are free, which do not serve this host.")
            : new(RefusalReason.NoCalAvailable, pool + ".");
    }
}
