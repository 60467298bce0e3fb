using Ostiary.Contracts.Catalogue;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>
/// A license server on paper, written from docs/rules.md and from nothing else: who holds what, and until when.
/// Nothing is kept that can be counted: a seat is taken by whoever holds a CAL of its pack at this moment.
/// </summary>
internal sealed class YearModel
{
    private readonly Dictionary<int, DeviceHolds> _devices = [];
    private readonly Dictionary<int, UserHolds> _users = [];

    private enum Holds
    {
        Temporary,
        Validated,
        Permanent,
        Revoked,
    }

    public List<ModelPack> Packs { get; } = [];

    /// <summary>Over-use of User CALs is allowed.</summary>
    public bool Track { get; set; }

    public string Connect(int device, int host, DateTimeOffset now, int days)
    {
        if (!_devices.TryGetValue(device, out var held) || (held.What is Holds.Temporary or Holds.Revoked && held.IsOver(now)))
        {
            _devices[device] = new(Holds.Temporary, host, null, now.AddDays(90));
            return "temporary";
        }

        var serves = held.Version >= host;
        var lives = !held.IsOver(now);
        switch (held.What)
        {
            case Holds.Revoked:
                return "revoked";
            case Holds.Temporary:
                _devices[device] = serves ? held : held with { Version = host };
                return "temporary";
            case Holds.Permanent when lives && serves && held.End - now > TimeSpan.FromDays(7):
                return "permanent";
            case Holds.Permanent when lives && serves && !held.Pack!.Removed:
                _devices[device] = held with { End = now.AddDays(days) };
                return "permanent";
        }

        if (FreeSeat(CalType.Device, host, now) is { } seat)
        {
            _devices[device] = new(Holds.Permanent, seat.Version, seat, now.AddDays(days));
            return "permanent";
        }

        if (lives && held.What == Holds.Validated)
        {
            _devices[device] = serves ? held : held with { Version = host };
            return "temporary";
        }

        if (lives && serves)
            return "permanent";
        if (lives || OlderIsFree(CalType.Device, host, now))
            return "version-too-old";
        return held.What == Holds.Validated ? "temporary-expired" : "no-cal-available";
    }

    public bool LogOnOver(int device, DateTimeOffset now)
    {
        var held = _devices[device];
        if (held.What == Holds.Temporary && !held.IsOver(now))
            _devices[device] = held with { What = Holds.Validated };
        return held.What != Holds.Temporary || !held.IsOver(now);
    }

    public bool HoldsPermanent(int device, DateTimeOffset now) => _devices.TryGetValue(device, out var held) && held.What == Holds.Permanent && !held.IsOver(now);

    /// <summary>False where as many are revoked as may be.</summary>
    public bool Revoke(int device, DateTimeOffset now)
    {
        var held = _devices[device];
        var installed = Packs.Where(pack => pack.Type == CalType.Device && pack.Version == held.Version).Sum(pack => pack.Installed);
        if (_devices.Values.Count(other => other.What == Holds.Revoked && other.Version == held.Version && !other.IsOver(now)) >= Math.Max(1, installed / 5))
            return false;
        _devices[device] = held with { What = Holds.Revoked };
        return true;
    }

    public string LogOn(int user, int host, DateTimeOffset now)
    {
        var held = _users.TryGetValue(user, out var holds) && !holds.IsOver(now) ? holds : null;
        var serves = held?.Version >= host;
        var seat = FreeSeat(CalType.User, host, now);
        if (held is { Pack.Removed: false } && serves)
            _users[user] = held with { End = now.AddDays(60) };
        else if (seat is not null)
            _users[user] = new(seat.Version, seat, now.AddDays(60));
        else if (held is { Pack: not null } && serves)
            return "granted";
        else if (Track)
            _users[user] = new(held is { Pack: null } && serves ? held.Version : host, null, now.AddDays(60));
        else
            return (held is not null && !serves) || OlderIsFree(CalType.User, host, now) ? "version-too-old" : "no-cal-available";
        return "granted";
    }

    public bool HoldsUserCal(int user, DateTimeOffset now) => _users.TryGetValue(user, out var held) && !held.IsOver(now);

    public void Release(int user) => _users.Remove(user);

    public int Free(ModelPack pack, DateTimeOffset now) => Math.Max(0, pack.Installed - Taken(now).GetValueOrDefault(pack));

    /// <summary>Installed, issued, available, temporary, over-used.</summary>
    public Dictionary<(CalType Type, int Version), (int Installed, int Issued, int Available, int Temporary, int OverUsed)> Counts(DateTimeOffset now)
    {
        var taken = Taken(now);
        var beyond = _users.Values.Where(held => held.Pack is null && !held.IsOver(now)).CountBy(held => held.Version).ToDictionary();
        var temporary = _devices.Values.Where(held => held.What == Holds.Validated && !held.IsOver(now)).CountBy(held => held.Version).ToDictionary();
        return Enum.GetValues<CalType>().SelectMany(_ => CalVersion.All, (type, version) => (Type: type, version.Year)).ToDictionary(of => of, of =>
        {
            var packs = Packs.Where(pack => (pack.Type, pack.Version) == of).ToList();
            var over = of.Type == CalType.User ? beyond.GetValueOrDefault(of.Year) : 0;
            var installed = packs.Sum(pack => pack.Installed);
            var issued = packs.Sum(pack => taken.GetValueOrDefault(pack)) + over;
            return (
                installed, issued, installed - issued, of.Type == CalType.Device ? temporary.GetValueOrDefault(of.Year) : 0,
                packs.Sum(pack => Math.Max(0, taken.GetValueOrDefault(pack) - pack.Installed)) + over);
        });
    }

    private ModelPack? FreeSeat(CalType type, int host, DateTimeOffset now)
    {
        var taken = Taken(now);
        return Packs.Where(pack => pack.Type == type && pack.Version >= host && pack.Installed > taken.GetValueOrDefault(pack))
            .OrderBy(pack => pack.Version).ThenBy(pack => pack.InstalledAt).FirstOrDefault();
    }

    private bool OlderIsFree(CalType type, int host, DateTimeOffset now)
    {
        var taken = Taken(now);
        return Packs.Exists(pack => pack.Type == type && pack.Version < host && pack.Installed > taken.GetValueOrDefault(pack));
    }

    private Dictionary<ModelPack, int> Taken(DateTimeOffset now)
        => _devices.Values.Where(held => held.What == Holds.Permanent && !held.IsOver(now)).Select(held => held.Pack!)
            .Concat(_users.Values.Where(held => held.Pack is not null && !held.IsOver(now)).Select(held => held.Pack!))
            .CountBy(pack => pack).ToDictionary();

    private sealed record DeviceHolds(Holds What, int Version, ModelPack? Pack, DateTimeOffset End)
    {
        public bool IsOver(DateTimeOffset now) => now > End;
    }

    private sealed record UserHolds(int Version, ModelPack? Pack, DateTimeOffset End)
    {
        public bool IsOver(DateTimeOffset now) => now > End;
    }
}

/// <summary>A key pack on paper.</summary>
internal sealed class ModelPack(Guid id, CalType type, int version, int quantity, DateTimeOffset installedAt)
{
    public Guid Id => id;

    public CalType Type => type;

    public int Version => version;

    public DateTimeOffset InstalledAt => installedAt;

    public int Quantity { get; set; } = quantity;

    public bool Removed { get; set; }

    public int Installed => Removed ? 0 : Quantity;
}
