using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Doors;

/// <summary>The one place where a failure becomes an answer. What is not meant for the caller is logged and answered as an internal error.</summary>
internal static class ProblemAnswers
{
    public static void UseProblemAnswers(this WebApplication app, ILogger logger)
        => app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception failure) when (!context.Response.HasStarted)
            {
                if (context.RequestAborted.IsCancellationRequested)
                    return;
                await WriteAsync(context, Translate(context, failure, logger));
            }
        });

    public static Task WriteAsync(HttpContext context, ProblemBody problem, KeyValuePair<string, string>? header = null)
    {
        context.Response.Clear();
        if (header is { } further)
            context.Response.Headers[further.Key] = further.Value;
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ProblemBody.ContentType;
        return context.Response.WriteAsync(JsonSerializer.Serialize(problem, ContractsJson.Default.ProblemBody), context.RequestAborted);
    }

    private static ProblemBody Translate(HttpContext context, Exception failure, ILogger logger)
    {
        switch (failure)
        {
            case ProblemException problem:
                return ProblemBody.Of(problem.Problem, problem.Message, problem.Field);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return ProblemBody.Of(LicensingProblem.BodyTooLarge, $"at most {Listeners.MaxBodyLength} bytes are taken");
            case BadHttpRequestException malformed:
                return ProblemBody.Of(LicensingProblem.InvalidField, malformed.Message);
            case SqliteException or DbUpdateException { InnerException: SqliteException }:
                logger.DatabaseFailed(context.Request.Path, failure);
                return ProblemBody.Of(LicensingProblem.TemporarilyUnavailable, "the database does not answer; try again");
            default:
                logger.RequestFailed(context.Request.Path, failure);
                return ProblemBody.Of(LicensingProblem.InternalError);
        }
    }
}
