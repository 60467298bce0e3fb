using System.Text.Json;
using CsCheck;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class MessagesTests
{
    private static readonly CompanyInformation Company = new() { FirstName = "Ada", LastName = "Lovelace", Company = "Engines Ltd", Country = "GB" };

    [Fact]
    public void Enumerations_are_kebab_case_names_and_versions_are_years()
    {
        var json = JsonSerializer.Serialize(
            new CheckProductKeyResponse(ProductKeyState.RedeemedElsewhere, CalType.Device, new(2022), 5, "retail"), ContractsJson.Default.CheckProductKeyResponse);

        Assert.Equal("""{"state":"redeemed-elsewhere","type":"device","version":2022,"quantity":5,"program":"retail"}""", json);
        Assert.Equal(
            new(ProductKeyState.RedeemedElsewhere, CalType.Device, new(2022), 5, "retail"),
            JsonSerializer.Deserialize(json, ContractsJson.Default.CheckProductKeyResponse));
    }

    [Fact]
    public void Every_problem_has_its_kebab_case_code_and_reads_back()
    {
        foreach (var problem in Enum.GetValues<LicensingProblem>())
        {
            var json = JsonSerializer.Serialize(ProblemBody.Of(problem, "why", "field"), ContractsJson.Default.ProblemBody);

            Assert.Contains($"\"code\":\"{KebabCase.Of(problem)}\"", json, StringComparison.Ordinal);
            Assert.Equal(problem, JsonSerializer.Deserialize(json, ContractsJson.Default.ProblemBody)!.Code);
        }

        Assert.Equal("product-key-redeemed-elsewhere", KebabCase.Of(LicensingProblem.ProductKeyRedeemedElsewhere));
        Assert.Equal(500, ProblemBody.Of(LicensingProblem.InternalError).Status);
    }

    [Theory]
    [InlineData("""{"type":1,"version":2022,"quantity":5,"count":1,"program":"retail"}""")]
    [InlineData("""{"type":"group","version":2022,"quantity":5,"count":1,"program":"retail"}""")]
    [InlineData("""{"type":"device","version":"2022x","quantity":5,"count":1,"program":"retail"}""")]
    [InlineData("""{"type":"device","version":2022,"quantity":5.5,"count":1,"program":"retail"}""")]
    [InlineData("""{"type":"device","version":2022,"quantity":5,"count":1,"program":null}""")]
    public void What_is_not_of_its_type_is_refused_with_its_path(string json)
        => Assert.NotNull(Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, ContractsJson.Default.MintRequest)).Path);

    [Fact]
    public void Unknown_members_are_ignored_and_absent_ones_are_not_written()
    {
        var read = JsonSerializer.Deserialize("""{"productKey":"x","newer":[1,{}]}""", ContractsJson.Default.CheckProductKeyRequest)!;

        Assert.Equal(("x", null), (read.ProductKey, read.LicenseServerId));
        Assert.Equal("""{"productKey":"x"}""", JsonSerializer.Serialize(read, ContractsJson.Default.CheckProductKeyRequest));
    }

    [Fact]
    public void An_activation_reads_back()
    {
        var json = JsonSerializer.Serialize(new ActivateRequest([1, 2], [3], Company with { Email = "ada@example.org" }), ContractsJson.Default.ActivateRequest);
        var read = JsonSerializer.Deserialize(json, ContractsJson.Default.ActivateRequest)!;

        Assert.Equal([1, 2], read.Request);
        Assert.Equal(Company with { Email = "ada@example.org" }, read.Company);
    }

    [Fact]
    public void Company_information_names_every_field_that_is_wrong()
    {
        Assert.Empty(Company.Check());

        var errors = new CompanyInformation
        {
            FirstName = " ",
            LastName = "Love\nlace",
            Company = new string('c', 201),
            Country = "gb",
            City = new string('c', 200),
        }.Check();

        Assert.Equal(["firstName", "lastName", "company", "country"], errors.Select(error => error.Field));
        Assert.Contains("201", errors[2].Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_secrets_or_names_prints_nothing_of_them()
    {
        Assert.DoesNotContain("Ada", $"{Company} {new ActivateServerRequest(Company)}", StringComparison.Ordinal);
        Assert.DoesNotContain("secret", $"{new CheckProductKeyRequest("secret", null)} {new ProductKeyRequest("secret")} {new FindProductKeyRequest("secret", null)}", StringComparison.Ordinal);
    }

    [Fact]
    public void An_invitation_reads_back_and_prints_nothing()
    {
        using var key = TestAuthority.NewKey();
        var invitation = new Invitation(new("https://licenses.example.org:7402/"), KeyFingerprint.Of(key), "00112233445566778899aabbccddeeff");

        Assert.True(Invitation.TryParse($" {invitation.Format()}\n", out var read));
        Assert.Equal(invitation, read);
        Assert.Equal(nameof(Invitation), invitation.ToString());
    }

    [Fact]
    public void What_is_no_invitation_is_refused()
    {
        using var key = TestAuthority.NewKey();
        var good = new Invitation(new("https://licenses.example.org/"), KeyFingerprint.Of(key), "00112233445566778899aabbccddeeff");

        Assert.False(Invitation.TryParse(null, out _));
        Assert.False(Invitation.TryParse("ostiary-invitation-1.", out _));
        Assert.False(Invitation.TryParse((good with { LicenseServer = new("http://licenses.example.org/") }).Format(), out _));
        Assert.False(Invitation.TryParse((good with { Token = "short" }).Format(), out _));
        Assert.False(Invitation.TryParse(good.Format().Replace("invitation-1", "invitation-2", StringComparison.Ordinal), out _));
        Assert.False(Invitation.TryParse(good.Format() + new string('A', 1024), out _));
        Gen.String.Sample(text => !Invitation.TryParse("ostiary-invitation-1." + text, out _));
    }

    [Fact]
    public void The_ladder_serves_its_own_and_older_versions_and_nothing_unknown()
    {
        Assert.True(new CalVersion(2022).Serves(new(2019)));
        Assert.True(new CalVersion(2022).Serves(new(2022)));
        Assert.False(new CalVersion(2022).Serves(new(2025)));
        Assert.False(new CalVersion(2023).Serves(new(2019)));
        Assert.False(new CalVersion(2022).Serves(new(2018)));
        Assert.False(CalVersion.TryParse("2023", out _));
        foreach (var version in CalVersion.All)
            Assert.True(CalVersion.TryFromCode(version.Code, out var read) && read == version);
        Assert.False(CalVersion.TryFromCode(0, out _));
        Assert.False(CalVersion.TryFromCode(5, out _));
    }
}
