using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Activation;

/// <summary>Who activates a license server. Kept beside the signed documents, never in them.</summary>
public sealed record CompanyInformation
{
    /// <summary>Characters in any field.</summary>
    public const int MaxLength = 200;

    public required string FirstName { get; init; }

    public required string LastName { get; init; }

    public required string Company { get; init; }

    /// <summary>Two letters of ISO 3166-1.</summary>
    public required string Country { get; init; }

    public string? Email { get; init; }

    public string? OrganizationalUnit { get; init; }

    public string? Address { get; init; }

    public string? City { get; init; }

    public string? State { get; init; }

    public string? PostalCode { get; init; }

    /// <summary>Every field that is missing or over its limit, with what is wrong; empty when all is right.</summary>
    public IReadOnlyList<(string Field, string Error)> Check()
    {
        List<(string, string)> errors = [];
        foreach (var (field, value, required) in new[]
        {
            ("firstName", FirstName, true), ("lastName", LastName, true), ("company", Company, true), ("country", Country, true),
            ("email", Email, false), ("organizationalUnit", OrganizationalUnit, false), ("address", Address, false),
            ("city", City, false), ("state", State, false), ("postalCode", PostalCode, false),
        })
        {
            if (required && string.IsNullOrWhiteSpace(value))
                errors.Add((field, "is required"));
            else if (value is { Length: > MaxLength })
                errors.Add((field, $"has {value.Length} characters; at most {MaxLength} are taken"));
            else if (value is not null && value.Any(char.IsControl))
                errors.Add((field, "holds a control character"));
        }

        if (!string.IsNullOrWhiteSpace(Country) && !Countries.IsKnown(Country))
            errors.Add(("country", "is two capital letters of ISO 3166-1, for example CA"));
        return errors;
    }

    /// <summary>Says nothing: personal data.</summary>
    public override string ToString() => nameof(CompanyInformation);
}
