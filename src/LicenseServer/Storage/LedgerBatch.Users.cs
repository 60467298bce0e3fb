using Microsoft.EntityFrameworkCore;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Policy;

namespace Ostiary.LicenseServer.Storage;

/// <summary>What a batch does with User CALs and the server's policy.</summary>
internal sealed partial class LedgerBatch
{
    private ServerPolicy? _policy;
    private BreakGlass? _lastBreakGlass;
    private bool _breakGlassRead;

    /// <summary>What an administrator has set; the defaults while nothing is.</summary>
    public ServerPolicy Policy => _policy ??= db.Policy.AsTracking().SingleOrDefault() ?? new();

    /// <summary>The policy that counts, of what is set and what the machine's policy files say.</summary>
    public ServerPolicyInForce PolicyInForce => limits.MachinePolicy.InForce(Policy);

    /// <summary>The newest break-glass; null when there was none.</summary>
    public BreakGlass? LastBreakGlass
    {
        get
        {
            if (!_breakGlassRead)
                _lastBreakGlass = db.BreakGlass.AsNoTracking().OrderByDescending(glass => glass.At).FirstOrDefault();
            _breakGlassRead = true;
            return _lastBreakGlass;
        }
    }

    /// <summary>The last second until which User CALs are granted beyond the packs by break-glass; null when none runs.</summary>
    public DateTimeOffset? BreakGlassUntil => LastBreakGlass is { } glass && glass.Until >= now ? glass.Until : null;

    public void Set(ServerPolicy policy)
    {
        Audit("policy-set", CanonicalContent.Policy, $"{policy.Id}", number =>
        {
            policy.LedgerNumber = number;
            return CanonicalContent.Of(policy);
        });
        if (db.Entry(policy).State == EntityState.Detached)
            db.Add(policy);
        _policy = policy;
    }

    /// <summary>The group was made, changed or removed: its hosts are woken to hear of it.</summary>
    public void Record(string kind, HostGroup group)
    {
        Audit(kind, CanonicalContent.HostGroups, group.Name, number =>
        {
            group.LedgerNumber = number;
            return CanonicalContent.Of(group);
        });
        ListChanged();
    }

    public void Break(BreakGlass glass)
    {
        Audit("break-glass", CanonicalContent.BreakGlass, $"{glass.At.ToUnixTimeSeconds()}", number =>
        {
            glass.LedgerNumber = number;
            return CanonicalContent.Of(glass);
        });
        db.Add(glass);
        _lastBreakGlass = glass;
        _breakGlassRead = true;
    }

    public void Add(ClockConfirmation confirmation)
    {
        Audit("clock-confirmed", CanonicalContent.ClockConfirmations, $"{confirmation.Machine.ToUnixTimeSeconds()}", number =>
        {
            confirmation.LedgerNumber = number;
            return CanonicalContent.Of(confirmation);
        });
        db.Add(confirmation);
    }

    public bool KnowsUserCal(CalSerial serial) => rows.UserCal(serial) is not null || db.UserCals.Any(cal => cal.Serial == serial);

    public void Add(string kind, UserCal cal)
    {
        Enter(kind, cal);
        hot.Insert(cal);
        rows.Add(cal);
    }

    /// <summary>Writes a changed row and its audit entry.</summary>
    public void Record(string kind, UserCal cal)
    {
        Enter(kind, cal);
        hot.Update(cal);
    }

    /// <summary>The person does not hold it any more: the seat is free from here on.</summary>
    public void End(string kind, UserCal cal, UserCalState state)
    {
        if (cal.State != UserCalState.Live)
            throw new InvalidOperationException($"User CAL {cal.Serial} is {cal.State}; only a live one ends");
        Pack(cal.PackId)?.ReturnSeat();
        cal.State = state;
        rows.Forget(cal.PersonKey);
        Record(kind, cal);
    }

    public void Confirm(AnsweredRequest request, UserCal cal)
    {
        hot.Touch(request);
        hot.Touch(cal);
    }

    /// <summary>A pack's row has changed; it is saved with the batch.</summary>
    public void Enter(string kind, Pack pack) => Audit(kind, CanonicalContent.Packs, pack.PackId.ToString(), number =>
    {
        pack.LedgerNumber = number;
        return CanonicalContent.Of(pack);
    });

    /// <summary>A pack, after the seats of expired CALs were given back; null when there is none of this number.</summary>
    public Pack? CountedPack(Guid packId)
    {
        GiveBackSeats();
        return Pack(packId);
    }

    /// <summary>A new pack.</summary>
    public void Add(string kind, Pack pack)
    {
        Enter(kind, pack);
        var loaded = _packs;
        db.Add(pack);
        loaded?.Add(pack);
    }

    private int ExpireDueUserCals()
    {
        var due = db.UserCals.AsNoTracking().Where(cal => cal.State == UserCalState.Live && cal.ExpiresAt < now)
            .OrderBy(cal => cal.ExpiresAt).Take(ExpiredAtOnce).ToList();
        foreach (var cal in due)
            if (rows.Attach(cal) is { State: UserCalState.Live } live && live.IsOver(now))
                End("user-cal-expired", live, UserCalState.Expired);
        return due.Count;
    }

    private void Enter(string kind, UserCal cal) => Audit(kind, CanonicalContent.UserCals, cal.Serial.ToString(), number =>
    {
        cal.LedgerNumber = number;
        return CanonicalContent.Of(cal);
    });
}
