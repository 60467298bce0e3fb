namespace Ostiary.Contracts.Activation;

/// <summary>Who confirms that a license server is reactivated or deactivated. Kept at the clearinghouse beside the company information, and erased with it.</summary>
public sealed record ContactPerson
{
    /// <summary>Characters of a field, as in <see cref="CompanyInformation"/>.</summary>
    public const int MaxLength = CompanyInformation.MaxLength;

    public required string FirstName { get; init; }

    public required string LastName { get; init; }

    public required string Email { get; init; }

    public string? Phone { get; init; }

    /// <summary>Every field that is missing or over its limit, with what is wrong; empty when all is right.</summary>
    public IReadOnlyList<(string Field, string Error)> Check()
    {
        List<(string, string)> errors = [];
        foreach (var (field, value, required) in new[] { ("firstName", FirstName, true), ("lastName", LastName, true), ("email", Email, true), ("phone", Phone, false) })
        {
            if (required && string.IsNullOrWhiteSpace(value))
                errors.Add((field, "is required"));
            else if (value is { Length: > MaxLength })
                errors.Add((field, $"has {value.Length} characters; at most {MaxLength} are taken"));
            else if (value is not null && value.Any(char.IsControl))
                errors.Add((field, "holds a control character"));
            else if (field == "email" && !value!.Contains('@', StringComparison.Ordinal))
                errors.Add((field, "is an address with an @"));
        }

        return errors;
    }

    /// <summary>Says nothing: personal data.</summary>
    public override string ToString() => nameof(ContactPerson);
}
