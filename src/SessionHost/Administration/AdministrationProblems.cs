using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.SessionHost.Administration;

/// <summary>Turns what a request to the administration fails with into problem details. Nothing of ours that was not meant to be seen gets out.</summary>
internal static class AdministrationProblems
{
    public static async Task Catch(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            await WriteAsync(context, ProblemBody.Of(problem.Problem, problem.Message, problem.Field)).ConfigureAwait(false);
        }
        catch (Exception bad) when ((bad as JsonException ?? bad.InnerException) is JsonException malformed)
        {
            // "$.invitation" names the member; the text beside it may repeat what was sent.
            var member = malformed.Path?.TrimStart('$', '.');
            await WriteAsync(context, ProblemBody.Of(
                LicensingProblem.InvalidField, $"the body is not the JSON that is expected, at line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}",
                string.IsNullOrEmpty(member) ? null : member)).ConfigureAwait(false);
        }
        catch (BadHttpRequestException bad)
        {
            var problem = bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? LicensingProblem.BodyTooLarge : LicensingProblem.InvalidField;
            await WriteAsync(context, ProblemBody.Of(problem, bad.Message)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody reads an answer.
        }
        catch (Exception mistake)
        {
            // Our own mistake: what it was is in the log only.
            Log.AdministrationFailed(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(AdministrationProblems)), context.Request.Path, mistake);
            await WriteAsync(context, ProblemBody.Of(LicensingProblem.InternalError)).ConfigureAwait(false);
        }
    }

    /// <summary>What is not there is said as everything else; and a body has the form that routes read.</summary>
    public static Task RequireRoute(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is not RouteEndpoint)
            throw new ProblemException(LicensingProblem.NotFound, $"{context.Request.Method} {context.Request.Path} is not served here");
        if (context.Request.ContentLength > 0 && !context.Request.HasJsonContentType())
            throw new ProblemException(LicensingProblem.InvalidField, "a body is JSON, with the content type application/json", "Content-Type");
        return next(context);
    }

    private static async Task WriteAsync(HttpContext context, ProblemBody problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ProblemBody.ContentType;
        await JsonSerializer.SerializeAsync(context.Response.Body, problem, ContractsJson.Default.ProblemBody, context.RequestAborted).ConfigureAwait(false);
    }
}
