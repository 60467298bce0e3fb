using System.Globalization;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;

namespace Ostiary.LicenseServer.Issuance;

internal enum HeldKind
{
    /// <summary>Nobody has logged on over it.</summary>
    Unvalidated,

    /// <summary>Temporary, and somebody has logged on over it.</summary>
    Temporary,

    Permanent,
}

/// <summary>The CAL that a device holds now. It is not over.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Version">Its version.</param>
/// <param name="PackId">The key pack that its seat is from; null for a temporary one.</param>
/// <param name="NotAfter">Its last valid second.</param>
internal sealed record HeldCal(HeldKind Kind, CalVersion Version, Guid? PackId, DateTimeOffset NotAfter);

/// <summary>What the ledger knows of a device. A new device has neither.</summary>
/// <param name="Held">Its CAL; null when it has none or the last is over.</param>
/// <param name="Over">The end of the last validated CAL that is over, and whether it was a temporary one; null when there was none.</param>
internal sealed record DeviceStanding(HeldCal? Held, (DateTimeOffset End, bool Temporary)? Over)
{
    public static DeviceStanding New { get; } = new(null, null);
}

/// <summary>The seats of one key pack of Device CALs.</summary>
/// <param name="PackId">The pack.</param>
/// <param name="Version">The version of its CALs.</param>
/// <param name="Installed">All of them; 0 when the pack is over.</param>
/// <param name="Free">Those that nobody holds.</param>
/// <param name="InstalledAt">Older packs are used first.</param>
/// <param name="ExpiresAt">No CAL of the pack lasts longer; null for a perpetual pack.</param>
internal sealed record PackSeats(Guid PackId, CalVersion Version, int Installed, int Free, DateTimeOffset InstalledAt, DateTimeOffset? ExpiresAt);

/// <summary>What is to be done for a device.</summary>
internal abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>The device goes on with the CAL that it holds: the same to-be-signed bytes.</summary>
    public sealed record Keep : Decision;

    /// <summary>A temporary CAL. It takes no seat.</summary>
    /// <param name="Version">The host's version.</param>
    /// <param name="Until">Its last valid second. One that replaces another ends when that one would: 90 days are given once.</param>
    public sealed record GrantTemporary(CalVersion Version, DateTimeOffset Until) : Decision;

    /// <summary>A permanent CAL.</summary>
    /// <param name="PackId">Where its seat is from. The seat of a permanent CAL that it replaces goes back.</param>
    /// <param name="Version">The pack's version.</param>
    /// <param name="Until">Its last valid second.</param>
    /// <param name="Renewal">The device keeps its seat; only the dates are new.</param>
    public sealed record GrantPermanent(Guid PackId, CalVersion Version, DateTimeOffset Until, bool Renewal) : Decision;

    /// <param name="Reason">The reason code.</param>
    /// <param name="Detail">One sentence with the numbers that decided.</param>
    public sealed record Refused(RefusalReason Reason, string Detail) : Decision;
}

/// <summary>
/// The rule of Device CALs: temporary (90 days, once a device) → validated by a logon → permanent at the next connection when a seat is free
/// (52 to 89 days) → renewed in the last 7 days → expired. Pure: what it knows is given to it.
/// </summary>
internal static class IssuancePolicy
{
    public const int TemporaryDays = 90;
    public const int LeastPermanentDays = 52;
    public const int MostPermanentDays = 89;
    public const int RenewalDays = 7;

    /// <summary>Whether <see cref="Decide"/> looks at seats at all; a new device, for one, gets a temporary CAL whatever is free.</summary>
    public static bool NeedsSeats(DeviceStanding device, CalVersion host, DateTimeOffset now) => device switch
    {
        { Held: null, Over: null } => false,
        { Held.Kind: HeldKind.Unvalidated } => false,
        { Held: { Kind: HeldKind.Permanent } held } => !held.Version.Serves(host) || IsDue(held, now),
        _ => true,
    };

    /// <summary>Decides.</summary>
    /// <param name="device">What the ledger knows of the device.</param>
    /// <param name="packs">The seats of all packs of Device CALs, if <see cref="NeedsSeats"/>; expired CALs have given theirs back.</param>
    /// <param name="host">The host's version.</param>
    /// <param name="now">The time of the decision.</param>
    /// <param name="permanentDays">Drawn at random, 52 to 89, so that the devices of one Monday do not all come back on one day.</param>
    /// <param name="preventUpgrade">Policy PreventLicenseUpgrade: a seat newer than the host is not taken. One that is held is kept and renewed.</param>
    public static Decision Decide(
        DeviceStanding device, IReadOnlyList<PackSeats> packs, CalVersion host, DateTimeOffset now, int permanentDays, bool preventUpgrade = false)
    {
        switch (device)
        {
            case { Held: null, Over: null }:
                return new Decision.GrantTemporary(host, now.AddDays(TemporaryDays));

            case { Held: { Kind: HeldKind.Unvalidated } held }:
                return held.Version.Serves(host) ? new Decision.Keep() : new Decision.GrantTemporary(host, held.NotAfter);

            case { Held: { Kind: HeldKind.Permanent } held } when held.Version.Serves(host):
                return IsDue(held, now) ? Renew(held, packs, host, now, permanentDays, preventUpgrade) : new Decision.Keep();

            case { Held: { Kind: HeldKind.Temporary } held }:
                if (FreeSeat(packs, host, now, preventUpgrade) is { } upgrade)
                    return Permanent(upgrade, now, permanentDays);
                return held.Version.Serves(host) ? new Decision.Keep() : new Decision.GrantTemporary(host, held.NotAfter);

            default:
                return FreeSeat(packs, host, now, preventUpgrade) is { } free
                    ? Permanent(free, now, permanentDays)
                    : Refuse(device, packs, host, preventUpgrade);
        }
    }

    /// <summary>What the first pass over several license servers may give: what is held, a seat, or the temporary CAL of a device that nobody has logged on over, since no server can give it more.</summary>
    public static Decision InFirstPass(Decision decision, DeviceStanding device, IReadOnlyList<PackSeats> packs, CalVersion host) => (decision, device) switch
    {
        (Decision.Keep or Decision.GrantTemporary, { Held.Kind: HeldKind.Temporary }) => new Decision.Refused(
            RefusalReason.NoCalAvailable, $"No Device CAL of version {host} or newer is free of {Installed([.. packs.Where(pack => pack.Version.Serves(host))])} installed ones; the device has a temporary one."),
        _ => decision,
    };

    /// <summary>
    /// While the ledger does not know all that it has given (recovering), what is free may be somebody's: no seat is given to anybody new, and nobody is
    /// refused for it. Who holds something goes on with it, everybody else gets a temporary CAL until it ends.
    /// </summary>
    public static Decision WhileRecovering(Decision decision, DeviceStanding device, CalVersion host, DateTimeOffset until) => decision switch
    {
        Decision.GrantPermanent { Renewal: false } or Decision.Refused when device.Held is not { Kind: HeldKind.Permanent } => device.Held is { } held && held.Version.Serves(host) ? new Decision.Keep() : new Decision.GrantTemporary(host, until),
        _ => decision,
    };

    /// <summary>A host that has taken its quota gets no further seat in this hour: the device goes on with what it holds, or is refused.</summary>
    public static Decision WithoutQuota(Decision decision, DeviceStanding device, CalVersion host, int quota) => decision switch
    {
        Decision.GrantPermanent { Renewal: false } when device.Held is { } held && held.Version.Serves(host) => new Decision.Keep(),
        Decision.GrantPermanent { Renewal: false } => new Decision.Refused(RefusalReason.QuotaExceeded, $"The session host has taken {quota} new CALs within an hour, which is all that it may."),
        _ => decision,
    };

    private static bool IsDue(HeldCal held, DateTimeOffset now) => held.NotAfter - now <= TimeSpan.FromDays(RenewalDays);

    private static Decision Renew(HeldCal held, IReadOnlyList<PackSeats> packs, CalVersion host, DateTimeOffset now, int permanentDays, bool preventUpgrade)
    {
        // Its own seat first; only a pack that ends itself makes the device look for another.
        if (packs.FirstOrDefault(pack => pack.PackId == held.PackId) is { } own && Until(own, now, permanentDays) > held.NotAfter)
            return new Decision.GrantPermanent(own.PackId, own.Version, Until(own, now, permanentDays), Renewal: true);
        return FreeSeat(packs, host, now, preventUpgrade) is { } other && Until(other, now, permanentDays) > held.NotAfter
            ? Permanent(other, now, permanentDays)
            : new Decision.Keep();
    }

    // The host's own version first, then the oldest newer one; among equals the oldest pack.
    private static PackSeats? FreeSeat(IReadOnlyList<PackSeats> packs, CalVersion host, DateTimeOffset now, bool exactOnly)
        => packs
            .Where(pack => pack.Free > 0 && pack.Version.Serves(host) && (!exactOnly || pack.Version == host) && !(pack.ExpiresAt <= now))
            .OrderBy(pack => pack.Version).ThenBy(pack => pack.InstalledAt).ThenBy(pack => pack.PackId)
            .FirstOrDefault();

    private static Decision.GrantPermanent Permanent(PackSeats seat, DateTimeOffset now, int permanentDays)
        => new(seat.PackId, seat.Version, Until(seat, now, permanentDays), Renewal: false);

    private static DateTimeOffset Until(PackSeats pack, DateTimeOffset now, int permanentDays)
        => now.AddDays(permanentDays) is var until && pack.ExpiresAt < until ? pack.ExpiresAt.Value : until;

    private static Decision.Refused Refuse(DeviceStanding device, IReadOnlyList<PackSeats> packs, CalVersion host, bool exactOnly)
    {
        var serving = packs.Where(pack => exactOnly ? pack.Version == host : pack.Version.Serves(host)).ToList();
        var older = packs.Where(pack => !pack.Version.Serves(host)).ToList();
        var pool = $"{Installed(serving)} Device CALs of version {host}{(exactOnly ? "" : " or newer")} are installed and {Free(serving)} of them are free";
        var freeOlder = Free(older);
        if (device.Held is { } held)
            return new(RefusalReason.VersionTooOld, $"The device's CAL is of version {held.Version} and the host of version {host}; {pool}.");
        var over = device.Over ?? throw new InvalidOperationException("a new device is not refused");
        var ended = $"The device's {(over.Temporary ? "temporary " : "")}CAL ended on {Day(over.End)}; {pool}";
        if (freeOlder > 0)
            return new(RefusalReason.VersionTooOld, $"{ended}; {freeOlder} older ones are free, which do not serve this host.");
        return over.Temporary
            ? new(RefusalReason.TemporaryExpired, ended + ".")
            : new(RefusalReason.NoCalAvailable, $"{ended}; a temporary CAL is given once a device.");
    }

    private static int Installed(List<PackSeats> packs) => packs.Sum(pack => pack.Installed);

    private static int Free(List<PackSeats> packs) => packs.Sum(pack => pack.Free);

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
