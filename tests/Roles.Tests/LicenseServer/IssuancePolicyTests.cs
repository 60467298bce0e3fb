using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Issuance;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>The rule as a table: what the device holds, what is free, and what it gets.</summary>
public class IssuancePolicyTests
{
    private const int Drawn = 70;
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Own = Guid.Parse("00000000-0000-0000-0000-0000000000aa");

    // held: - or u/t/p (unvalidated, validated temporary, permanent of pack "own"), version, days left. over: - or t/p and days ago.
    // packs: version:installed:free, comma between, "own" in front for the device's pack, "+days" or "-days" behind for a pack that ends.
    // outcome: keep | temporary:version:days | permanent:version:days[:renewal] | a reason code.
    [Theory]
    [InlineData("-", "-", "", 2022, "temporary:2022:90")]
    [InlineData("-", "-", "2022:5:5", 2022, "temporary:2022:90")]
    [InlineData("u:2022:80", "-", "2022:5:5", 2022, "keep")]
    [InlineData("u:2022:80", "-", "", 2019, "keep")]
    [InlineData("u:2019:80", "-", "2022:5:5", 2022, "temporary:2022:80")]
    [InlineData("t:2022:80", "-", "2022:5:5", 2022, "permanent:2022:70")]
    [InlineData("t:2022:80", "-", "2022:5:0", 2022, "keep")]
    [InlineData("t:2022:80", "-", "2019:5:5", 2022, "keep")]
    [InlineData("t:2019:80", "-", "", 2022, "temporary:2022:80")]
    [InlineData("t:2022:80", "-", "2025:5:5,2022:5:5", 2022, "permanent:2022:70")]
    [InlineData("t:2022:80", "-", "2025:5:5,2022:5:0", 2022, "permanent:2025:70")]
    [InlineData("t:2016:80", "-", "2025:5:5,2022:5:5,2016:5:0", 2016, "permanent:2022:70")]
    [InlineData("t:2022:80", "-", "2022:5:5+30", 2022, "permanent:2022:30")]
    [InlineData("t:2022:80", "-", "2022:5:5-1", 2022, "keep")]
    [InlineData("-", "t:1", "2022:5:5", 2022, "permanent:2022:70")]
    [InlineData("-", "t:1", "2022:5:0", 2022, "temporary-expired")]
    [InlineData("-", "t:1", "", 2022, "temporary-expired")]
    [InlineData("-", "t:1", "2019:5:5,2022:5:0", 2022, "version-too-old")]
    [InlineData("-", "p:1", "2022:5:0", 2022, "no-cal-available")]
    [InlineData("-", "p:1", "2022:5:1", 2022, "permanent:2022:70")]
    [InlineData("p:2022:30", "-", "own2022:5:0", 2022, "keep")]
    [InlineData("p:2022:7.1", "-", "own2022:5:0", 2022, "keep")]
    [InlineData("p:2022:7", "-", "own2022:5:0", 2022, "permanent:2022:70:renewal")]
    [InlineData("p:2022:0.1", "-", "own2022:5:0", 2022, "permanent:2022:70:renewal")]
    [InlineData("p:2025:5", "-", "own2025:5:0,2022:5:5", 2022, "permanent:2025:70:renewal")]
    [InlineData("p:2022:5", "-", "own2022:5:0+5,2022:5:1", 2022, "permanent:2022:70")]
    [InlineData("p:2022:5", "-", "own2022:5:0+5", 2022, "keep")]
    [InlineData("p:2019:30", "-", "own2019:5:0,2022:5:1", 2022, "permanent:2022:70")]
    [InlineData("p:2019:30", "-", "own2019:5:4,2022:5:0", 2022, "version-too-old")]
    [InlineData("t:2022:80", "-", "2031:5:5", 2022, "keep")]
    public void The_table(string held, string over, string packs, int host, string outcome)
    {
        var device = new DeviceStanding(Held(held), Over(over));
        var seats = IssuancePolicy.NeedsSeats(device, new(host), Now) ? packs.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Pack).ToList() : [];

        var decision = IssuancePolicy.Decide(device, seats, new(host), Now, Drawn);

        Assert.Equal(outcome, Text(decision));
    }

    [Fact]
    public void A_refusal_says_the_numbers_that_decided()
    {
        var device = new DeviceStanding(null, (Now.AddDays(-3), true));

        var refused = Assert.IsType<Decision.Refused>(IssuancePolicy.Decide(device, [Pack("2022:2:0"), Pack("2025:3:0")], new(2022), Now, Drawn));

        Assert.Equal(RefusalReason.TemporaryExpired, refused.Reason);
        Assert.Equal("The device's temporary CAL ended on 2026-05-29; 5 Device CALs of version 2022 or newer are installed and 0 of them are free.", refused.Detail);
    }

    [Fact]
    public void The_older_of_two_packs_is_used_first()
    {
        var device = new DeviceStanding(new(HeldKind.Temporary, new(2022), null, Now.AddDays(80)), null);
        var older = new PackSeats(Guid.NewGuid(), new(2022), 5, 5, Now.AddDays(-20), null);
        var newer = older with { PackId = Guid.NewGuid(), InstalledAt = Now.AddDays(-10) };

        var decision = Assert.IsType<Decision.GrantPermanent>(IssuancePolicy.Decide(device, [newer, older], new(2022), Now, Drawn));

        Assert.Equal(older.PackId, decision.PackId);
    }

    private static HeldCal? Held(string text)
        => text.Split(':') is not [var kind, var version, var days] ? null : new(
            kind switch { "u" => HeldKind.Unvalidated, "t" => HeldKind.Temporary, _ => HeldKind.Permanent },
            new(int.Parse(version)), kind == "p" ? Own : null, Now.AddDays(double.Parse(days)));

    private static (DateTimeOffset, bool)? Over(string text)
        => text.Split(':') is [var kind, var days] ? (Now.AddDays(-double.Parse(days)), kind == "t") : null;

    private static PackSeats Pack(string text)
    {
        var own = text.StartsWith("own", StringComparison.Ordinal);
        var end = text.IndexOfAny(['+', '-']);
        DateTimeOffset? expiresAt = end < 0 ? null : Now.AddDays(double.Parse(text[end..]));
        var numbers = text[(own ? 3 : 0)..(end < 0 ? text.Length : end)].Split(':').Select(int.Parse).ToArray();
        return new(own ? Own : Guid.NewGuid(), new(numbers[0]), numbers[1], numbers[2], Now.AddDays(-10), expiresAt);
    }

    private static string Text(Decision decision) => decision switch
    {
        Decision.Keep => "keep",
        Decision.GrantTemporary(var version, var until) => $"temporary:{version}:{(until - Now).TotalDays}",
        Decision.GrantPermanent(_, var version, var until, var renewal) => $"permanent:{version}:{(until - Now).TotalDays}{(renewal ? ":renewal" : "")}",
        Decision.Refused(var reason, _) => Ostiary.Contracts.Http.KebabCase.Of(reason),
        _ => throw new InvalidOperationException(),
    };
}
