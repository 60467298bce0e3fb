namespace Ostiary.Contracts.Problems;

/// <summary>
/// Everything that a request can fail with. The kebab-case name is the stable code in problem details
/// (member <c>code</c>), in the CLI's JSON and in the documentation.
/// </summary>
public enum LicensingProblem
{
    /// <summary>Our own mistake; details are in the role's log only.</summary>
    InternalError,

    /// <summary>A field is missing, malformed or over its limit; the problem names it.</summary>
    InvalidField,

    /// <summary>The body is larger than the route takes.</summary>
    BodyTooLarge,

    /// <summary>Nothing with this name.</summary>
    NotFound,

    /// <summary>No credential, or one that this route does not take.</summary>
    NotAuthenticated,

    /// <summary>A good credential without the right to do this.</summary>
    NotAllowed,

    /// <summary>An account or a token with this name is there.</summary>
    AlreadyExists,

    /// <summary>The last administrator's account stays an administrator's, but for the local root.</summary>
    LastAdministrator,

    /// <summary>The request id was used before, with another body.</summary>
    RequestIdReused,

    /// <summary>The invitation is unknown, used up or expired.</summary>
    InvitationInvalid,

    /// <summary>The host was removed, or its certificate is not one of ours.</summary>
    HostNotJoined,

    /// <summary>The license server has no certificate from a clearinghouse yet.</summary>
    NotActivated,

    /// <summary>No such product key, as far as anybody who does not hold the whole key may know.</summary>
    ProductKeyUnknown,

    /// <summary>The product key is installed on another license server.</summary>
    ProductKeyRedeemedElsewhere,

    /// <summary>A symbol of the product key is wrong; the problem names its position.</summary>
    ProductKeyMistyped,

    /// <summary>A signed document does not verify.</summary>
    SignatureInvalid,

    /// <summary>What is asked for is against a rule of the licensing itself (a limit, a waiting time); the problem says which, with its numbers.</summary>
    RuleForbids,

    /// <summary>The other server could not be reached.</summary>
    Unreachable,

    /// <summary>Too many attempts; the problem says when to try again.</summary>
    TooManyAttempts,

    /// <summary>The database or the signer is not there at the moment; trying again is right.</summary>
    TemporarilyUnavailable,
}
