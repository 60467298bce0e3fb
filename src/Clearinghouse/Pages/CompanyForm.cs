using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Activation;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>A field of the form for <see cref="CompanyInformation"/>.</summary>
/// <param name="Name">As in JSON.</param>
/// <param name="Title">As people read it.</param>
/// <param name="Required">Whether it must be filled in.</param>
/// <param name="Autocomplete">What a browser may fill in (HTML, section 4.10.18.7).</param>
/// <param name="Type">The input's type.</param>
public sealed record CompanyField(string Name, string Title, bool Required, string Autocomplete, string Type = "text");

/// <summary>The company information as a form.</summary>
internal static class CompanyForm
{
    public const string Country = "country";

    public static IReadOnlyList<CompanyField> Fields { get; } =
    [
        new("firstName", "First name", true, "given-name"),
        new("lastName", "Last name", true, "family-name"),
        new("company", "Company", true, "organization"),
        new(Country, "Country or region", true, "country"),
        new("email", "E-mail", false, "email", "email"),
        new("organizationalUnit", "Organizational unit", false, "off"),
        new("address", "Address", false, "street-address"),
        new("city", "City", false, "address-level2"),
        new("state", "State or province", false, "address-level1"),
        new("postalCode", "Postal code", false, "postal-code"),
    ];

    /// <summary>What was entered, by field; a longer text than is taken stays as it is, to be refused by name.</summary>
    public static Dictionary<string, string> Entered(IFormCollection form)
        => Fields.ToDictionary(field => field.Name, field => form[field.Name].ToString().Trim());

    public static CompanyInformation Read(IReadOnlyDictionary<string, string> entered) => new()
    {
        FirstName = entered["firstName"],
        LastName = entered["lastName"],
        Company = entered["company"],
        Country = entered[Country],
        Email = Optional(entered["email"]),
        OrganizationalUnit = Optional(entered["organizationalUnit"]),
        Address = Optional(entered["address"]),
        City = Optional(entered["city"]),
        State = Optional(entered["state"]),
        PostalCode = Optional(entered["postalCode"]),
    };

    private static string? Optional(string text) => text.Length == 0 ? null : text;
}
