using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Doors;

/// <summary>Metadata of an endpoint whose use is counted.</summary>
internal sealed record LimitedMetadata;

internal static class AttemptLimitExtensions
{
    public static TBuilder Limited<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new LimitedMetadata());

    public static void UseAttemptLimit(this WebApplication app, AttemptLimit limit, ILogger logger)
        => app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<LimitedMetadata>() is not null
                && context.Connection.RemoteIpAddress is { } address && !limit.TryTake(address, out var retryAfter))
            {
                logger.TooManyAttempts(address.ToString(), limit.Limit);
                var seconds = Math.Max(1, (int)Math.Ceiling(retryAfter.TotalSeconds));
                var problem = ProblemBody.Of(
                    LicensingProblem.TooManyAttempts, $"at most {limit.Limit} attempts in 60 s are taken from one address; try again in {seconds} s");
                await ProblemAnswers.WriteAsync(context, problem, new("Retry-After", seconds.ToString(CultureInfo.InvariantCulture)));
                return;
            }

            await next(context);
        });
}
