using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Http;

/// <summary>Metadata of an endpoint whose use is counted by the address that it comes from.</summary>
internal sealed class LimitedMetadata(AttemptLimit limit, ILogger logger) : IRequirement
{
    public void Require(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address || limit.TryTake(address, out var retryAfter))
            return;
        logger.TooManyAttempts(address.ToString(), limit.Limit);
        var seconds = Math.Max(1, (int)Math.Ceiling(retryAfter.TotalSeconds));
        throw new ProblemException(LicensingProblem.TooManyAttempts, $"at most {limit.Limit} attempts in 60 s are taken from one address; try again in {seconds} s")
        {
            RetryAfter = TimeSpan.FromSeconds(seconds),
        };
    }
}
