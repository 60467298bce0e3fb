using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Issuance;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>docs/rules.md is the data: its tables of versions and of users at the license server are what the code decides.</summary>
public sealed class UserRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Own = Guid.Parse("00000000-0000-0000-0000-0000000000aa");
    private static readonly string[] Activated = ["yes", "no"];
    private static readonly string[] Installed = ["user", "device-only", "none"];
    private static readonly string[] Held = ["seat", "over-used", "too-old", "none"];
    private static readonly string[] Seat = ["free", "none"];
    private static readonly string[] OverUse = ["track", "break-glass", "enforce"];
    private static readonly string[] Pass = ["permanent", "any-cal"];

    public static TheoryData<int, int, bool> Matrix()
    {
        var data = new TheoryData<int, int, bool>();
        foreach (var line in RulesPage.Table("host"))
            foreach (var (column, cell) in line.Where(cell => cell.Key != "host"))
                data.Add(int.Parse(line["host"]), int.Parse(column["CAL ".Length..]), cell == "yes");
        return data;
    }

    [Fact]
    public void The_matrix_has_every_version_of_the_ladder_both_ways()
        => Assert.Equal(
            CalVersion.All.SelectMany(_ => CalVersion.All, (host, cal) => (host.Year, cal.Year)).Order(),
            Matrix().Select(row => (row.Data.Item1, row.Data.Item2)).Order());

    [Theory]
    [MemberData(nameof(Matrix))]
    public void A_User_CAL_is_given_where_the_matrix_says_that_it_serves(int host, int cal, bool serves)
    {
        var decision = UserPolicy.Decide(null, [Pack(cal, 1)], new(host), Now, Terms());

        Assert.Equal(serves ? "seat" : "version-too-old", Text(decision));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void A_Device_CAL_is_given_where_the_matrix_says_that_it_serves(int host, int cal, bool serves)
    {
        var device = new DeviceStanding(null, (Now.AddDays(-1), true));

        var decision = IssuancePolicy.Decide(device, [Pack(cal, 1)], new(host), Now, 70);

        if (serves)
            Assert.Equal(new(cal), Assert.IsType<Decision.GrantPermanent>(decision).Version);
        else
            Assert.Equal(RefusalReason.VersionTooOld, Assert.IsType<Decision.Refused>(decision).Reason);
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void PreventLicenseUpgrade_leaves_only_the_hosts_own_version(int host, int cal, bool serves)
    {
        var user = UserPolicy.Decide(null, [Pack(cal, 1)], new(host), Now, Terms() with { PreventLicenseUpgrade = true });
        var device = IssuancePolicy.Decide(new(null, (Now.AddDays(-1), true)), [Pack(cal, 1)], new(host), Now, 70, preventUpgrade: true);
        var temporary = IssuancePolicy.Decide(new(new(HeldKind.Temporary, new(host), null, Now.AddDays(80)), null), [Pack(cal, 1)], new(host), Now, 70, preventUpgrade: true);

        Assert.Equal(serves && host == cal, user is UserDecision.Seat);
        Assert.Equal(serves && host == cal, device is Decision.GrantPermanent);
        Assert.Equal(host == cal, temporary is not Decision.Keep);
    }

    [Fact]
    public void The_hosts_own_version_comes_first_then_the_oldest_newer_one()
    {
        PackSeats[] all = [Pack(2025, 1), Pack(2022, 1), Pack(2019, 1), Pack(2016, 1)];
        PackSeats[] newer = [Pack(2025, 1), Pack(2022, 1), Pack(2019, 0)];

        Assert.Equal(new(2019), Assert.IsType<UserDecision.Seat>(UserPolicy.Decide(null, all, new(2019), Now, Terms())).Version);
        Assert.Equal(new(2022), Assert.IsType<UserDecision.Seat>(UserPolicy.Decide(null, newer, new(2019), Now, Terms())).Version);
    }

    [Fact]
    public void Every_combination_of_a_persons_facts_is_decided_as_the_page_says()
    {
        var lines = RulesPage.Table("activated");
        HashSet<int> used = [];

        foreach (var facts in AllFacts())
        {
            var place = lines.FindIndex(line => facts.All(fact => RulesPage.Has(line[fact.Key], fact.Value)));
            Assert.True(place >= 0, $"docs/rules.md has no line for {string.Join(", ", facts.Values)}");
            used.Add(place);
            Assert.True(lines[place]["outcome"] == Decide(facts), $"{string.Join(", ", facts.Values)}: the page says {lines[place]["outcome"]}, the code {Decide(facts)}");
        }

        Assert.Equal(lines.Count, used.Count);
    }

    private static IEnumerable<Dictionary<string, string>> AllFacts()
    {
        foreach (var (activated, installed) in Activated.SelectMany(_ => Installed, (activated, installed) => (activated, installed)))
            foreach (var (held, seat) in Held.SelectMany(_ => Seat, (held, seat) => (held, seat)))
                foreach (var (overUse, pass) in OverUse.SelectMany(_ => Pass, (overUse, pass) => (overUse, pass)))
                    // A free seat, and a pack that a CAL is of, are installed User CALs.
                    if (installed == "user" || (seat == "none" && held is ("over-used" or "none")))
                        yield return new() { ["activated"] = activated, ["installed"] = installed, ["held"] = held, ["seat"] = seat, ["over-use"] = overUse, ["pass"] = pass };
    }

    private static string Decide(Dictionary<string, string> facts)
    {
        List<PackSeats> packs = facts["installed"] == "user" ? [Pack(2022, facts["seat"] == "free" ? 1 : 0), Pack(2022, 0) with { PackId = Own }] : [];
        HeldUserCal? held = facts["held"] switch
        {
            "seat" => new(new(2022), Own, Now.AddDays(30)),
            "over-used" => new(new(2022), null, Now.AddDays(30)),
            "too-old" => new(new(2019), Guid.NewGuid(), Now.AddDays(30)),
            _ => null,
        };
        return Text(UserPolicy.Decide(held, packs, new(2022), Now, new(
            facts["activated"] == "yes", facts["over-use"] == "track" ? UserOverUse.Track : UserOverUse.Enforce, false,
            facts["over-use"] == "break-glass" ? Now.AddHours(20) : null, facts["installed"] == "device-only",
            facts["pass"] == "permanent" ? AskingPass.Permanent : AskingPass.Any)));
    }

    private static UserTerms Terms() => new(true, UserOverUse.Enforce, false, null, false, AskingPass.Any);

    private static PackSeats Pack(int version, int free) => new(Guid.NewGuid(), new(version), 5, free, Now.AddDays(-10), null);

    private static string Text(UserDecision decision) => decision switch
    {
        UserDecision.Hold => "hold",
        UserDecision.Seat => "seat",
        UserDecision.OverUse => "over-use",
        UserDecision.Refused(var reason, _) => KebabCase.Of(reason),
        _ => throw new InvalidOperationException(),
    };
}
