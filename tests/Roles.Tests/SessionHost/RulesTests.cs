using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Rules;
using Xunit;
using static Ostiary.Roles.Tests.RulesPage;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>docs/rules.md is the data: what it says of a combination of facts is what the code decides, and it says something of each.</summary>
public sealed class RulesTests
{
    [Fact]
    public void Every_combination_of_device_facts_has_a_line_and_is_decided_as_it_says()
    {
        var lines = Table("tls");

        foreach (var facts in AllFacts())
        {
            var line = lines.FirstOrDefault(line => Matches(line, facts));
            Assert.True(line is not null, $"docs/rules.md has no line for {facts}");
            var expected = new Ruling(line["row"], Parse<RuleOutcome>(line["outcome"]), Parse<ToClient>(line["to the client"]));
            Assert.True(expected == DeviceRules.Decide(facts), $"{facts}: the page says {expected}, the code {DeviceRules.Decide(facts)}");
        }
    }

    [Fact]
    public void No_line_of_the_device_table_is_hidden_by_those_above_it()
    {
        var lines = Table("tls");

        var decisive = AllFacts().Select(facts => lines.First(line => Matches(line, facts))).ToHashSet();

        Assert.All(lines, line => Assert.Contains(line, decisive));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("U")]
    [InlineData("3")]
    [InlineData("4")]
    [InlineData("5")]
    [InlineData("6")]
    [InlineData("7")]
    [InlineData("8")]
    public void The_page_has_the_row(string row) => Assert.Contains(Table("tls"), line => line["row"] == row);

    [Fact]
    public async Task Every_combination_of_two_license_servers_comes_to_what_the_page_says()
    {
        var lines = Table("asked first");
        string[] behaviours = ["grants-seat", "grants-any", "refuses", "silent"];

        foreach (var first in behaviours)
            foreach (var second in behaviours)
                foreach (var holds in new[] { "none", "first", "second" })
                {
                    var outcome = await TwoPasses.RunAsync<string, string>(
                        ["first", "second"],
                        (server, pass, _) => Task.FromResult<string?>((server == "first" ? first : second) switch
                        {
                            "silent" => null,
                            "grants-seat" => "grants",
                            "grants-any" when pass == AskingPass.Any => "grants",
                            _ => "refuses",
                        }),
                        answer => answer == "grants");
                    var silent = outcome.Answer is null || (!outcome.Granted && outcome.Silent.Contains(holds));
                    var line = lines.First(line => Has(line["asked first"], first) && Has(line["asked second"], second) && Has(line["holds"], holds));
                    Assert.Equal((line["answer"], line["whose"]), silent ? ("silent", "-") : (outcome.Answer, outcome.Server));
                }
    }

    [Fact]
    public void The_refusals_of_the_page_are_those_of_the_code()
    {
        Refusal[] refusals =
        [
            Refusal.TlsRequired, Refusal.NoneConfigured, Refusal.AllSilent("x"), Refusal.BackEndLicenses,
            Refusal.BackEndSecurity("unix:/x"), Refusal.BackEndUnavailable("unix:/x", "x"),
            .. Enum.GetValues<RefusalReason>().Select(reason => Refusal.ByServer(reason, null, "https://ls")),
        ];

        Assert.Equal(
            Table("reason").Select(line => (line["reason"], line["row"])).Order(),
            refusals.Select(refusal => (refusal.Reason, refusal.Row)).Distinct().Order());
        Assert.All(refusals, refusal => Assert.True(refusal.Fix.Length > 10 && refusal.Detail.Length > 0));
    }

    [Theory]
    [InlineData(DeviceCalVerdict.Valid, false, 2022, 8, CalQuality.Good)]
    [InlineData(DeviceCalVerdict.Valid, false, 2025, 8, CalQuality.Good)]
    [InlineData(DeviceCalVerdict.Valid, false, 2022, 7, CalQuality.EndsSoon)]
    [InlineData(DeviceCalVerdict.Valid, true, 2022, 80, CalQuality.Temporary)]
    [InlineData(DeviceCalVerdict.Valid, false, 2019, 50, CalQuality.TooOld)]
    [InlineData(DeviceCalVerdict.Valid, true, 2019, 50, CalQuality.TooOld)]
    [InlineData(DeviceCalVerdict.Expired, false, 2022, -1, CalQuality.Expired)]
    [InlineData(DeviceCalVerdict.NotYetValid, false, 2022, 50, CalQuality.Expired)]
    [InlineData(DeviceCalVerdict.HardwareIdDiffers, false, 2022, 50, CalQuality.OtherDevice)]
    [InlineData(DeviceCalVerdict.SignatureInvalid, false, 2022, 50, CalQuality.Invalid)]
    [InlineData(DeviceCalVerdict.ChainInvalid, false, 2022, 50, CalQuality.Invalid)]
    public void A_verified_CAL_has_its_quality(DeviceCalVerdict verdict, bool temporary, int version, int daysLeft, CalQuality expected)
    {
        var now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var data = new DeviceCalData(new(version), temporary, Guid.Empty, new byte[DeviceCalData.DigestLength]);

        Assert.Equal(expected, CalQualities.Of(verdict, data, now.AddDays(daysLeft), new CalVersion(2022), now));
    }

    private static IEnumerable<DeviceFacts> AllFacts()
        => from tls in new[] { true, false }
           from administrative in new[] { true, false }
           from mode in Enum.GetValues<LicensingMode>()
           from store in Enum.GetValues<ClientStore>()
           from cal in Enum.GetValues<CalQuality>()
           from revocation in Enum.GetValues<Revocation>()
           from server in Enum.GetValues<ServerAnswer>()
           from receipt in new[] { true, false }
           from grace in Enum.GetValues<GraceStanding>()
           select new DeviceFacts(tls, administrative, mode, store, cal, revocation, server, receipt, grace);

    private static bool Matches(Dictionary<string, string> line, DeviceFacts facts)
        => Has(line["tls"], facts.OffersTls) && Has(line["administrative"], facts.Administrative)
            && Has(line["mode"], KebabCase.Of(facts.Mode)) && Has(line["store"], KebabCase.Of(facts.Store)) && Has(line["cal"], KebabCase.Of(facts.Cal))
            && Has(line["revocation"], KebabCase.Of(facts.Revocation)) && Has(line["server"], KebabCase.Of(facts.Server))
            && Has(line["receipt"], facts.ReceiptValid) && Has(line["grace"], KebabCase.Of(facts.Grace));
}
