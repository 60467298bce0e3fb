using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Activation;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>Who confirms a reactivation or a deactivation, as a form.</summary>
internal static class ContactForm
{
    public static IReadOnlyList<CompanyField> Fields { get; } =
    [
        new("firstName", "First name", true, "given-name"),
        new("lastName", "Last name", true, "family-name"),
        new("email", "E-mail", true, "email", "email"),
        new("phone", "Telephone", false, "tel", "tel"),
    ];

    /// <summary>What was entered, by field.</summary>
    public static Dictionary<string, string> Entered(IFormCollection form)
        => Fields.ToDictionary(field => field.Name, field => form[field.Name].ToString().Trim());

    public static ContactPerson Read(IReadOnlyDictionary<string, string> entered) => new()
    {
        FirstName = entered["firstName"],
        LastName = entered["lastName"],
        Email = entered["email"],
        Phone = entered["phone"] is { Length: > 0 } phone ? phone : null,
    };
}
