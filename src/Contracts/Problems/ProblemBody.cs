namespace Ostiary.Contracts.Problems;

/// <summary>Problem details of RFC 9457 with the members <c>code</c> and <c>field</c>.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">The problem's stable code.</param>
/// <param name="Title">The kind of problem, the same for each of its code.</param>
/// <param name="Detail">What is wrong with this request, and what to do.</param>
/// <param name="Field">The field at fault, where one is.</param>
public sealed record ProblemBody(int Status, LicensingProblem Code, string Title, string? Detail, string? Field)
{
    public const string ContentType = "application/problem+json";

    /// <summary>The one mapping from problems to what HTTP says.</summary>
    public static ProblemBody Of(LicensingProblem problem, string? detail = null, string? field = null)
    {
        var (status, title) = problem switch
        {
            LicensingProblem.InvalidField => (400, "A field is not right"),
            LicensingProblem.ProductKeyMistyped => (400, "The product key has a wrong symbol"),
            LicensingProblem.SignatureInvalid => (400, "A signature does not verify"),
            LicensingProblem.BodyTooLarge => (413, "The body is too large"),
            LicensingProblem.NotFound => (404, "Nothing here with this name"),
            LicensingProblem.ProductKeyUnknown => (404, "The product key is not known"),
            LicensingProblem.NotAuthenticated => (401, "A credential is needed"),
            LicensingProblem.NotAllowed => (403, "Not allowed"),
            LicensingProblem.InvitationInvalid => (403, "The invitation is not valid"),
            LicensingProblem.HostNotJoined => (403, "The session host has not joined this license server"),
            LicensingProblem.AlreadyExists => (409, "The name is taken"),
            LicensingProblem.LastAdministrator => (409, "It is the last administrator"),
            LicensingProblem.RequestIdReused => (409, "The request id was used with another body"),
            LicensingProblem.NotActivated => (409, "The license server is not activated"),
            LicensingProblem.ProductKeyRedeemedElsewhere => (409, "The product key is installed on another license server"),
            LicensingProblem.TooManyAttempts => (429, "Too many attempts"),
            LicensingProblem.RuleForbids => (409, "A licensing rule forbids it"),
            LicensingProblem.Unreachable => (502, "The other server could not be reached"),
            LicensingProblem.TemporarilyUnavailable => (503, "Temporarily unavailable"),
            _ => (500, "Internal error"),
        };
        return new(status, problem, title, detail, field);
    }
}
