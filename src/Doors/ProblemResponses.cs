using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors;

/// <summary>Turns what a request fails with into problem details. Nothing of ours that was not meant to be seen gets out.</summary>
public static class ProblemResponses
{
    public static async Task Catch(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            await WriteAsync(context, ProblemBody.Of(problem.Problem, problem.Message, problem.Field), problem.RetryAfter).ConfigureAwait(false);
        }
        catch (BadHttpRequestException request)
        {
            var problem = request.StatusCode == StatusCodes.Status413PayloadTooLarge ? LicensingProblem.BodyTooLarge : LicensingProblem.InvalidField;
            await WriteAsync(context, ProblemBody.Of(problem, request.Message)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody reads an answer.
        }
        catch (Exception mistake)
        {
            Log.RequestFailed(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ProblemResponses)), context.Request.Path, mistake);
            var problem = IsPassing(mistake) ? LicensingProblem.TemporarilyUnavailable : LicensingProblem.InternalError;
            await WriteAsync(context, ProblemBody.Of(problem)).ConfigureAwait(false);
        }
    }

    // The database was busy, full or away: the same request may do better later.
    private static bool IsPassing(Exception? mistake) => mistake is not null && (mistake is DbException or System.Threading.Channels.ChannelClosedException || IsPassing(mistake.InnerException));

    private static async Task WriteAsync(HttpContext context, ProblemBody problem, TimeSpan? retryAfter = null)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ProblemBody.ContentType;
        if (problem.Status == StatusCodes.Status401Unauthorized && DoorGuard.IsRemoteAdministration(context))
            context.Response.Headers.WWWAuthenticate = "Bearer";
        if (retryAfter is { } wait)
            context.Response.Headers.RetryAfter = wait.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        await JsonSerializer.SerializeAsync(context.Response.Body, problem, ContractsJson.Default.ProblemBody, context.RequestAborted).ConfigureAwait(false);
    }
}
