namespace Ostiary.Contracts.Problems;

/// <summary>A request was answered with a problem, or is to be. The message is fit to be shown to a person.</summary>
/// <param name="problem">The stable code.</param>
/// <param name="detail">What is wrong with this request, and what to do.</param>
/// <param name="field">The field at fault, where one is.</param>
public sealed class ProblemException(LicensingProblem problem, string detail, string? field = null) : Exception(detail)
{
    public LicensingProblem Problem { get; } = problem;

    public string? Field { get; } = field;

    /// <summary>When trying again is worth while; goes out as Retry-After, in whole seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Where the other side was not reached: at which step. Null where it was.</summary>
    public Http.ConnectionFault? Fault { get; init; }
}
