using CsCheck;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Packs;
using Ostiary.LicenseServer.Revocation;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Users;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>
/// A year of a license server with 1,000 devices and 1,000 users, day by day, beside <see cref="YearModel"/>: every answer is compared, and after every
/// day the counts of both types and all versions. The year is CsCheck's; the seed is printed, and the same seed is the same year.
/// </summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class YearTests
{
    private const int Devices = 1_000;
    private const int Users = 1_000;
    private static readonly int[] Ladder = [2019, 2022];
    private static readonly Gen<int> Versions = Gen.Int[0, Ladder.Length - 1].Select(step => Ladder[step]);

    private static readonly Gen<Day> Days = Gen.Select(
        Gen.Select(Gen.Int[0, Devices - 1], Versions, Gen.Frequency((3, true), (1, false)), (device, host, logsOn) => new Connection(device, host, logsOn)).Array[10, 25],
        Gen.Select(Gen.Int[0, Users - 1], Versions, (user, host) => new Logon(user, host)).Array[10, 25],
        Gen.Int[0, Users - 1].Array[0, 12],
        Gen.Int[0, Devices - 1].Array[0, 4],
        Gen.Frequency(
            (6, Gen.Const((Change)new Change.None())),
            (2, Gen.Select(Gen.Bool, Versions, Gen.Int[1, 25]).Select((device, version, quantity) => (Change)new Change.Install(device ? CalType.Device : CalType.User, version, quantity))),
            (1, Gen.Select(Gen.Int[0, 999], Gen.Int[1, 20]).Select((pack, count) => (Change)new Change.Convert(pack, count))),
            (1, Gen.Int[0, 999].Select(pack => (Change)new Change.Remove(pack))),
            (1, Gen.Bool.Select(track => (Change)new Change.Policy(track)))),
        Gen.Int[52, 89],
        Gen.Frequency((1, true), (6, false)),
        (connections, logons, releases, revocations, change, permanentDays, sweeps) => new Day(connections, logons, releases, revocations, change, permanentDays, sweeps));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_day_of_a_year_the_counts_are_those_of_the_model()
    {
        var seed = new PCG(1).ToString();
        TestContext.Current.TestOutputHelper!.WriteLine($"CsCheck seed {seed}");
        await Days.Array[365].SampleAsync(WalkAsync, seed: seed, iter: 1, threads: 1, print: _ => "the year of this seed");
    }

    private static async Task WalkAsync(Day[] days)
    {
        using var authority = new TestAuthority();
        await using var ledger = new TestLedger();
        await ledger.ActivateAsync(authority);
        var walk = new Walk(ledger);
        await walk.BeginAsync();
        foreach (var (number, day) in days.Index())
        {
            ledger.PassDays(1);
            await walk.LiveAsync(day, $"day {number + 1}");
        }

        Assert.True((await ledger.VerifyAsync()).Sound);
        Assert.Equal([], walk.NeverHappened());
    }

    private sealed record Connection(int Device, int Host, bool LogsOn);

    private sealed record Logon(int User, int Host);

    private sealed record Day(Connection[] Connections, Logon[] Logons, int[] Releases, int[] Revocations, Change Change, int PermanentDays, bool Sweeps);

    private abstract record Change
    {
        public sealed record None : Change;

        public sealed record Install(CalType Type, int Version, int Quantity) : Change;

        public sealed record Convert(int Pack, int Count) : Change;

        public sealed record Remove(int Pack) : Change;

        public sealed record Policy(bool Track) : Change;
    }

    private sealed class Walk(TestLedger ledger)
    {
        private readonly YearModel _model = new();
        private readonly TestDevice[] _devices = [.. Enumerable.Range(0, Devices).Select(index => new TestDevice($"CLIENT{index}"))];
        private readonly CalSerial?[] _deviceCals = new CalSerial?[Devices];
        private readonly CalSerial?[] _userCals = new CalSerial?[Users];
        private readonly Dictionary<(LicensingMode Mode, int Version), HostIdentity> _hosts = [];
        private readonly Dictionary<string, int> _happened = [];
        private int _basePacks;

        private DateTimeOffset Now => ledger.Time.GetUtcNow();

        public async Task BeginAsync()
        {
            foreach (var mode in Enum.GetValues<LicensingMode>())
                foreach (var version in Ladder)
                    _hosts[(mode, version)] = await ledger.JoinAsync(version, mode);
            foreach (var type in Enum.GetValues<CalType>())
                foreach (var version in Ladder)
                    await InstallAsync(type, version, 50);
            // These stay: no type is ever without installed CALs, so that no host's mode is the wrong one.
            _basePacks = _model.Packs.Count;
        }

        public async Task LiveAsync(Day day, string when)
        {
            ledger.PermanentDays = day.PermanentDays;
            if (day.Sweeps)
                await Sweep.PassAsync(ledger.Ledger, Cancellation);
            await ChangeAsync(day.Change);
            foreach (var device in day.Revocations.Where(device => _model.HoldsPermanent(device, Now)))
                Same(_model.Revoke(device, Now) ? "revocation" : "revocation-refused", await RevokeAsync(_deviceCals[device]!.Value), $"{when}, revoking {device}");
            foreach (var user in day.Releases.Where(user => _model.HoldsUserCal(user, Now)))
                await ReleaseAsync(user);
            await ConnectAndLogOnAsync(day, when);
            await ValidateAsync(day, when);
            await CompareAsync(when);
        }

        /// <summary>Things that a year should show and this one did not.</summary>
        public IEnumerable<string> NeverHappened()
            => new[] { "device temporary", "device permanent", "device revoked", "device temporary-expired", "device no-cal-available", "user granted", "user no-cal-available", "revocation", "conversion", "removal", "over-use" }
                .Where(what => !_happened.ContainsKey(what));

        // All of a day at once, in one order: the writer commits them in few transactions.
        private async Task ConnectAndLogOnAsync(Day day, string when)
        {
            var connections = day.Connections.Select(connection => (
                connection, Task: ledger.Ledger.CommitDeviceCalAsync(_hosts[(LicensingMode.PerDevice, connection.Host)], _devices[connection.Device].Request(), Cancellation))).ToList();
            var logons = day.Logons.Select(logon => (
                logon, Task: ledger.Ledger.CommitUserCalAsync(_hosts[(LicensingMode.PerUser, logon.Host)], new(Guid.CreateVersion7(), new($"user{logon.User}", "", null), AskingPass.Any), Cancellation))).ToList();
            foreach (var (connection, task) in connections)
            {
                var outcome = (await task).Outcome;
                var got = outcome.Cal switch { null => KebabCase.Of(outcome.Reason!.Value), License { Kind: LicenseKind.Permanent } => "permanent", _ => "temporary" };
                Same($"device {_model.Connect(connection.Device, connection.Host, Now, day.PermanentDays)}", $"device {got}", $"{when}, {connection}");
                _deviceCals[connection.Device] = outcome.Cal?.Serial ?? _deviceCals[connection.Device];
            }

            foreach (var (logon, task) in logons)
            {
                var outcome = (await task).Outcome;
                Same($"user {_model.LogOn(logon.User, logon.Host, Now)}", $"user {(outcome.Serial is null ? KebabCase.Of(outcome.Reason!.Value) : "granted")}", $"{when}, {logon}");
                _userCals[logon.User] = outcome.Serial ?? _userCals[logon.User];
                if (outcome is { Serial: not null, OverUsed: true })
                    Count("over-use");
            }
        }

        private async Task ValidateAsync(Day day, string when)
        {
            var reports = day.Connections.Where(connection => connection.LogsOn && _deviceCals[connection.Device] is not null).Select(connection => (
                connection, Task: ledger.Ledger.ValidateAsync(
                    _hosts[(LicensingMode.PerDevice, connection.Host)], Guid.CreateVersion7(), _deviceCals[connection.Device]!.Value, "alice", Cancellation))).ToList();
            foreach (var (connection, task) in reports)
                Same($"validation {_model.LogOnOver(connection.Device, Now)}", $"validation {(await task).Validated}", $"{when}, {connection}");
        }

        private async Task CompareAsync(string when)
        {
            await using var db = ledger.Ledger.Database.OpenReader();
            var counted = (await CountCals.CountAsync(db, Now, Cancellation)).ToDictionary(counts => (counts.Type, counts.Version.Year));
            foreach (var (of, expected) in _model.Counts(Now))
            {
                var counts = counted.GetValueOrDefault(of) ?? new CalCounts(of.Type, new(of.Version), 0, 0, 0, 0);
                var got = (counts.Installed, counts.Issued, counts.Available, counts.Temporary, counts.OverUsed);
                Assert.True(expected == got, $"{when}, {of}: the model counts {expected}, the ledger {got}");
            }
        }

        private async Task ChangeAsync(Change change)
        {
            switch (change)
            {
                case Change.Install(var type, var version, var quantity):
                    await InstallAsync(type, version, quantity);
                    break;

                case Change.Convert(var place, var most):
                    var pack = Pick(place, 0)!;
                    if (Math.Min(Math.Min(most, _model.Free(pack, Now)), pack.Quantity - 1) is var count and > 0)
                    {
                        var (converted, _) = await ledger.Ledger.WorkAsync(batch => ChangePack.Convert(batch, pack.Id, count).PackId, Cancellation);
                        pack.Quantity -= count;
                        _model.Packs.Add(new(converted, pack.Type == CalType.Device ? CalType.User : CalType.Device, pack.Version, count, Now));
                        Count("conversion");
                    }

                    break;

                case Change.Remove(var place) when Pick(place, _basePacks) is { } removed:
                    await ledger.Ledger.WorkAsync(batch => ChangePack.Remove(batch, removed.Id, force: true), Cancellation);
                    removed.Removed = true;
                    Count("removal");
                    break;

                case Change.Policy(var track):
                    await ledger.Ledger.WorkAsync(
                        batch =>
                        {
                            var policy = batch.Policy;
                            policy.UserOverUse = track ? UserOverUse.Track : UserOverUse.Enforce;
                            batch.Set(policy);
                            return true;
                        },
                        Cancellation);
                    _model.Track = track;
                    break;
            }
        }

        private ModelPack? Pick(int place, int from) => _model.Packs.Skip(from).Where(pack => !pack.Removed).ToList() is { Count: > 0 } packs ? packs[place % packs.Count] : null;

        private async Task InstallAsync(CalType type, int version, int quantity)
            => _model.Packs.Add(new(await ledger.InstallPackAsync(quantity, version, type: type), type, version, quantity, Now));

        private async Task<string> RevokeAsync(CalSerial serial)
        {
            try
            {
                await ledger.Ledger.WorkAsync(
                    batch =>
                    {
                        RevokeCal.Revoke(batch, batch.License(serial)!, "lost");
                        return true;
                    },
                    Cancellation);
                return "revocation";
            }
            catch (ProblemException refused) when (refused.Problem == LicensingProblem.RuleForbids)
            {
                return "revocation-refused";
            }
        }

        private async Task ReleaseAsync(int user)
        {
            await ledger.Ledger.WorkAsync(
                batch =>
                {
                    ManageUserCals.Release(batch, batch.Rows.Attach(batch.Db.UserCals.AsNoTracking().Single(cal => cal.Serial == _userCals[user])), "left");
                    return true;
                },
                Cancellation);
            _model.Release(user);
        }

        private void Same(string expected, string got, string when)
        {
            Assert.True(expected == got, $"{when}: the model says {expected}, the ledger {got}");
            Count(got);
        }

        private void Count(string what) => _happened[what] = _happened.GetValueOrDefault(what) + 1;
    }
}
