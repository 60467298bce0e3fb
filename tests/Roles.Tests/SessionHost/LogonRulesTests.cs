using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.SessionHost.Rules;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>docs/rules.md, "Logons": what it says of a combination of facts is what the code decides, and it says something of each.</summary>
public sealed class LogonRulesTests
{
    private const string FirstColumn = "mode";

    [Fact]
    public void Every_combination_of_logon_facts_has_a_line_and_is_decided_as_it_says()
    {
        var lines = RulesPage.Table(FirstColumn);

        foreach (var facts in AllFacts())
        {
            var line = lines.FirstOrDefault(line => Matches(line, facts));
            Assert.True(line is not null, $"docs/rules.md has no line for {facts}");
            var expected = new Ruling(line["row"], RulesPage.Parse<RuleOutcome>(line["outcome"]), RulesPage.Parse<ToClient>(line["to the client"]));
            Assert.True(expected == LogonRules.Decide(facts), $"{facts}: the page says {expected}, the code {LogonRules.Decide(facts)}");
        }
    }

    [Fact]
    public void No_line_of_the_logon_table_is_hidden_by_those_above_it()
    {
        var lines = RulesPage.Table(FirstColumn);

        Assert.All(lines, line => Assert.Contains(AllFacts(), facts => lines.First(other => Matches(other, facts)) == line));
    }

    [Theory]
    [InlineData("U1")]
    [InlineData("U2")]
    [InlineData("U3")]
    [InlineData("U4")]
    [InlineData("U5")]
    [InlineData("U6")]
    [InlineData("U7")]
    public void The_page_has_the_row(string row) => Assert.Contains(RulesPage.Table(FirstColumn), line => line["row"] == row);

    [Fact]
    public void The_refusals_of_logons_on_the_page_are_those_of_the_code()
    {
        Refusal[] refusals =
        [
            LogonRefusal.NotAnAdministrator, LogonRefusal.SlotsInUse, LogonRefusal.AdministrativeWaitOver("x"),
            LogonRefusal.NoneConfigured, LogonRefusal.AllSilent("x"),
            .. Enum.GetValues<RefusalReason>().Where(reason => reason != RefusalReason.TemporaryExpired).Select(reason => LogonRefusal.ByServer(reason, null, "https://ls")),
        ];

        Assert.Equal(
            RulesPage.Table("reason at a logon").Select(line => (line["reason at a logon"], line["row"])).Order(),
            refusals.Select(refusal => (refusal.Reason, refusal.Row)).Distinct().Order());
        Assert.All(refusals, refusal => Assert.True(refusal.Fix.Length > 10 && refusal.Detail.Length > 0));
    }

    private static IEnumerable<LogonFacts> AllFacts()
        => from mode in Enum.GetValues<LicensingMode>()
           from administrative in new[] { true, false }
           from administrator in new[] { true, false }
           from slot in new[] { true, false }
           from server in Enum.GetValues<LogonServerAnswer>()
           from lease in new[] { true, false }
           from grace in new[] { true, false }
           select new LogonFacts(mode, administrative, administrator, slot, server, lease, grace);

    private static bool Matches(Dictionary<string, string> line, LogonFacts facts)
        => RulesPage.Has(line["mode"], KebabCase.Of(facts.Mode)) && RulesPage.Has(line["administrative"], facts.Administrative)
            && RulesPage.Has(line["administrator"], facts.Administrator) && RulesPage.Has(line["slot"], facts.SlotFree)
            && RulesPage.Has(line["server"], KebabCase.Of(facts.Server)) && RulesPage.Has(line["lease"], facts.LeaseValid)
            && RulesPage.Has(line["grace"], facts.GraceRuns);
}
