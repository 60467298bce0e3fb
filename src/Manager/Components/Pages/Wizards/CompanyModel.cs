using Ostiary.Contracts.Activation;

namespace Ostiary.Manager.Components.Pages.Wizards;

/// <summary>What is typed about the company; it stays while one goes back and forth.</summary>
internal sealed class CompanyModel
{
    public string FirstName { get; set; } = "";

    public string LastName { get; set; } = "";

    public string Company { get; set; } = "";

    public string Country { get; set; } = "";

    public string Email { get; set; } = "";

    public string OrganizationalUnit { get; set; } = "";

    public string Address { get; set; } = "";

    public string City { get; set; } = "";

    public string State { get; set; } = "";

    public string PostalCode { get; set; } = "";

    public CompanyInformation Read() => new()
    {
        FirstName = FirstName.Trim(),
        LastName = LastName.Trim(),
        Company = Company.Trim(),
        Country = Country,
        Email = Given(Email),
        OrganizationalUnit = Given(OrganizationalUnit),
        Address = Given(Address),
        City = Given(City),
        State = Given(State),
        PostalCode = Given(PostalCode),
    };

    /// <summary>What is wrong, by field; empty when all is right.</summary>
    public IReadOnlyDictionary<string, string> Errors() => Read().Check().DistinctBy(error => error.Field).ToDictionary(error => error.Field, error => error.Error);

    private static string? Given(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
