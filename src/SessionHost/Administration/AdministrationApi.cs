using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Administration;

/// <summary>What administrators do here, over the unix socket. Who can open it may: its mode is 0600.</summary>
internal static class AdministrationApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    public static void MapAdministration(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/v1").AddEndpointFilter(AnswerProblems);
        api.MapGet("/status", GetStatus);
        api.MapPost("/membership", Join);
        api.MapGet("/sessions", ListSessions);
        api.MapGet("/refusals", ListRefusals);
    }

    private static IResult GetStatus(StatusReport status) => Results.Json(status.Make(), ContractsJson.Default.SessionHostStatus);

    private static async Task<IResult> Join(HttpRequest http, Joining joining, StatusReport status, CancellationToken cancellation)
    {
        var request = await http.ReadFromJsonAsync(ContractsJson.Default.JoinServerRequest, cancellation).ConfigureAwait(false)
            ?? throw new ProblemException(LicensingProblem.InvalidField, "the body is empty", "invitation");
        await joining.JoinAsync(request.Invitation, cancellation).ConfigureAwait(false);
        return Results.Json(status.Make(), ContractsJson.Default.SessionHostStatus);
    }

    // The running ones first, then by number, newest first. The cursor is "1-NUMBER" among the running ones and "0-NUMBER" after them.
    private static async Task<IResult> ListSessions(Store store, string? after, int? limit, CancellationToken cancellation)
    {
        var (running, last) = SessionCursor(after);
        var count = Limit(limit);
        await using var db = store.Open();
        var rows = await db.Sessions.AsNoTracking()
            .Where(row => (running && row.EndedAt == null && row.Id < last) || (row.EndedAt != null && (running || row.Id < last)))
            .OrderByDescending(row => row.EndedAt == null).ThenByDescending(row => row.Id).Take(count + 1)
            .ToListAsync(cancellation).ConfigureAwait(false);
        var next = rows.Count > count ? $"{(rows[count - 1].EndedAt is null ? 1 : 0)}-{rows[count - 1].Id}" : null;
        return Results.Json(new([.. rows.Take(count).Select(row => row.ToRecord())], next), ContractsJson.Default.PageSessionRecord);
    }

    private static async Task<IResult> ListRefusals(Store store, long? after, int? limit, CancellationToken cancellation)
    {
        var count = Limit(limit);
        await using var db = store.Open();
        var rows = await db.Refusals.AsNoTracking().Where(row => after == null || row.Id < after)
            .OrderByDescending(row => row.Id).Take(count + 1).ToListAsync(cancellation).ConfigureAwait(false);
        var next = rows.Count > count ? $"{rows[count - 1].Id}" : null;
        return Results.Json(new([.. rows.Take(count).Select(row => row.ToRecord())], next), ContractsJson.Default.PageRefusalRecord);
    }

    private static int Limit(int? limit) => limit switch
    {
        null => DefaultLimit,
        >= 1 and <= MaxLimit => limit.Value,
        _ => throw new ProblemException(LicensingProblem.InvalidField, $"limit is between 1 and {MaxLimit}", "limit"),
    };

    private static (bool Running, long Last) SessionCursor(string? after)
        => after switch
        {
            null => (true, long.MaxValue),
            ['0' or '1', '-', ..] when long.TryParse(after.AsSpan(2), out var last) => (after[0] == '1', last),
            _ => throw new ProblemException(LicensingProblem.InvalidField, "after is what the page before said in next", "after"),
        };

    private static async ValueTask<object?> AnswerProblems(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            return Answer(ProblemBody.Of(problem.Problem, problem.Message, problem.Field));
        }
        catch (BadHttpRequestException bad)
        {
            return Answer(ProblemBody.Of(bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? LicensingProblem.BodyTooLarge : LicensingProblem.InvalidField, bad.Message));
        }
        catch (System.Text.Json.JsonException bad)
        {
            return Answer(ProblemBody.Of(LicensingProblem.InvalidField, bad.Message));
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody reads an answer.
            return Results.Empty;
        }
        catch (Exception mistake)
        {
            // Our own mistake: what it was is in the log only.
            Log.AdministrationFailed(context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(AdministrationApi)), context.HttpContext.Request.Path, mistake);
            return Answer(ProblemBody.Of(LicensingProblem.InternalError));
        }
    }

    private static IResult Answer(ProblemBody body)
        => Results.Json(body, ContractsJson.Default.ProblemBody, ProblemBody.ContentType, body.Status);
}

/// <summary>Makes <c>GET /v1/status</c>.</summary>
internal sealed class StatusReport(
    SessionHostOptions options, RdpTransport transport, BackEndConnector backEnd, Servers servers, Admission admission, GatewayMetrics metrics, TlsIdentity tls)
{
    public SessionHostStatus Make() => new(
        options.Name, transport.Bound?.ToString() ?? options.Listen, backEnd.Name, LicensingMode.PerDevice, servers.HostVersion,
        [.. servers.Links.Select(link => link.ToRecord())], admission.Connections, metrics.ActiveSessions, metrics.Admitted, metrics.Refused,
        tls.Fingerprint.Hex, tls.Until);
}
