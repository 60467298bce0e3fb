using Microsoft.EntityFrameworkCore;

namespace Ostiary.LicenseServer.Storage;

/// <summary>What the requests of a batch need to find: collected first, loaded in a few queries.</summary>
internal sealed class Needs
{
    public HashSet<Guid> Requests { get; } = [];

    public HashSet<Guid> Hosts { get; } = [];

    public HashSet<CalSerial> Serials { get; } = [];

    public HashSet<DeviceKey> Devices { get; } = [];

    public HashSet<PersonKey> Persons { get; } = [];

    public HashSet<CalSerial> UserCals { get; } = [];
}

/// <summary>
/// The rows that a batch works on: loaded at its beginning, and kept up to date by its requests, so that the second request of a batch
/// sees what the first has done. It ends with the batch.
/// </summary>
internal sealed class WorkingSet
{
    private readonly Dictionary<Guid, JoinedHost> _hosts;
    private readonly Dictionary<Guid, AnsweredRequest> _requests;
    private readonly Dictionary<CalSerial, Cal> _bySerial = [];
    private readonly Dictionary<Guid, List<Cal>> _byDevice = [];
    private readonly Dictionary<DeviceKey, List<Cal>> _byKey = [];

    private readonly Dictionary<CalSerial, UserCal> _users = [];
    private readonly Dictionary<PersonKey, UserCal> _livePersons = [];

    private WorkingSet(Dictionary<Guid, JoinedHost> hosts, Dictionary<Guid, AnsweredRequest> requests)
    {
        _hosts = hosts;
        _requests = requests;
    }

    public static WorkingSet Load(LedgerContext db, Needs needs)
    {
        Guid[] hosts = [.. needs.Hosts];
        Guid[] requests = [.. needs.Requests];
        var set = new WorkingSet(
            hosts.Length == 0 ? [] : db.Hosts.AsTracking().Where(host => hosts.Contains(host.HostId)).ToDictionary(host => host.HostId),
            requests.Length == 0 ? [] : db.Requests.AsNoTracking().Where(request => requests.Contains(request.RequestId)).ToDictionary(request => request.RequestId));

        // A repeated request is answered from the CAL that it was answered with.
        CalSerial[] serials = [.. needs.Serials, .. set._requests.Values.Where(request => request.Serial is not null && request.Answer != AnswerKind.UserGranted).Select(request => request.Serial!.Value)];
        set.LoadUsers(db, [.. needs.Persons], [.. needs.UserCals, .. set._requests.Values.Where(request => request.Answer == AnswerKind.UserGranted).Select(request => request.Serial!.Value)]);
        DeviceKey[] keys = [.. needs.Devices];
        if (serials.Length == 0 && keys.Length == 0)
            return set;
        set.Add(OfDevices(db.Licenses, serials, keys));
        set.Add(OfDevices(db.Temporaries, serials, keys));
        return set;
    }

    public JoinedHost? Host(Guid hostId) => _hosts.GetValueOrDefault(hostId);

    public AnsweredRequest? Request(Guid requestId) => _requests.GetValueOrDefault(requestId);

    public Cal? BySerial(CalSerial serial) => _bySerial.GetValueOrDefault(serial);

    public IReadOnlyList<Cal> OfDevice(Guid deviceId) => _byDevice.GetValueOrDefault(deviceId) ?? [];

    public IReadOnlyList<Cal> ByKey(DeviceKey key) => _byKey.GetValueOrDefault(key) ?? [];

    /// <summary>The live User CAL of a person.</summary>
    public UserCal? OfPerson(PersonKey person) => _livePersons.GetValueOrDefault(person);

    public UserCal? UserCal(CalSerial serial) => _users.GetValueOrDefault(serial);

    public void Add(UserCal cal)
    {
        _users[cal.Serial] = cal;
        if (cal.State == UserCalState.Live)
            _livePersons[cal.PersonKey] = cal;
    }

    /// <summary>The person does not hold the CAL any more, or not under this key.</summary>
    public void Forget(PersonKey person) => _livePersons.Remove(person);

    /// <summary>The row of the set, if it is there already; the given one otherwise, which is then part of the set.</summary>
    public UserCal Attach(UserCal cal)
    {
        if (_users.TryGetValue(cal.Serial, out var known))
            return known;
        Add(cal);
        return cal;
    }

    public void Add(AnsweredRequest request) => _requests[request.RequestId] = request;

    public void Add(Cal cal)
    {
        // A row may be loaded for two reasons, and a license may expire in one that was loaded for another.
        if (!_bySerial.TryAdd(cal.Serial, cal))
            return;
        ListOf(_byDevice, cal.DeviceId).Add(cal);
        ListOf(_byKey, cal.DeviceKey).Add(cal);
    }

    public void Remove(Cal cal)
    {
        _bySerial.Remove(cal.Serial);
        ListOf(_byDevice, cal.DeviceId).Remove(cal);
        ListOf(_byKey, cal.DeviceKey).Remove(cal);
    }

    /// <summary>The row of the set, if it is there already; the given one otherwise, which is then part of the set.</summary>
    public License Attach(License license)
    {
        if (_bySerial.TryGetValue(license.Serial, out var known))
            return (License)known;
        Add(license);
        return license;
    }

    private void LoadUsers(LedgerContext db, PersonKey[] persons, CalSerial[] serials)
    {
        if (persons.Length > 0)
            foreach (var cal in db.UserCals.AsNoTracking().Where(cal => cal.State == UserCalState.Live && persons.Contains(cal.PersonKey)).ToList())
                Attach(cal);
        if (serials.Length > 0)
            foreach (var cal in db.UserCals.AsNoTracking().Where(cal => serials.Contains(cal.Serial)).ToList())
                Attach(cal);
    }

    private void Add(IEnumerable<Cal> cals)
    {
        foreach (var cal in cals)
            Add(cal);
    }

    // All rows of the devices that are named by a serial or by hardware id and name.
    private static IQueryable<T> OfDevices<T>(DbSet<T> cals, CalSerial[] serials, DeviceKey[] keys)
        where T : Cal
    {
        var named = (serials.Length, keys.Length) switch
        {
            (0, _) => cals.Where(cal => keys.Contains(cal.DeviceKey)),
            (_, 0) => cals.Where(cal => serials.Contains(cal.Serial)),
            _ => cals.Where(cal => serials.Contains(cal.Serial) || keys.Contains(cal.DeviceKey)),
        };
        return cals.AsNoTracking().Where(cal => named.Select(row => row.DeviceId).Contains(cal.DeviceId));
    }

    private static List<Cal> ListOf<TKey>(Dictionary<TKey, List<Cal>> index, TKey key)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var list))
            index[key] = list = [];
        return list;
    }
}
