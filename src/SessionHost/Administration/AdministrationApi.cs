using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Diagnosis;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Administration;

/// <summary>What administrators do here, over the unix socket. Who can open it may: its mode is 0600.</summary>
internal static class AdministrationApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    public static void MapAdministration(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/v1");
        api.MapGet("/status", GetStatus);
        api.MapGet("/findings", async (HostChecks checks, CancellationToken cancellation)
            => Results.Json(await checks.ReportAsync(cancellation).ConfigureAwait(false), ContractsJson.Default.RoleFindings));
        api.MapPost("/diagnosis-bundle", async (HostChecks checks, CancellationToken cancellation)
            => Results.Json(await checks.BundleAsync(cancellation).ConfigureAwait(false), ContractsJson.Default.DiagnosisBundleAnswer));
        api.MapPost("/membership", Join);
        api.MapGet("/sessions", ListSessions);
        api.MapGet("/refusals", ListRefusals);
        api.MapGet("/grace", (GraceAdministration grace) => Results.Json(grace.Show(), ContractsJson.Default.GraceStatus));
        api.MapPost("/grace-extensions", InstallExtension);
        api.MapGet("/clock", (GraceAdministration grace) => Results.Json(grace.ShowClock(), ContractsJson.Default.ClockStatus));
        api.MapPost("/clock", (GraceAdministration grace) => Results.Json(grace.ConfirmClock(), ContractsJson.Default.ClockStatus));
        api.MapGet("/policy", (PolicyUpkeep policy) => Results.Json(policy.Report(), ContractsJson.Default.HostPolicyReport));
        api.MapPost("/policy/update", UpdatePolicy);
        api.MapGet("/observation", Observe);
        api.MapPost("/explanation", Explain);
    }

    private static async Task<IResult> InstallExtension(HttpRequest http, GraceAdministration grace, CancellationToken cancellation)
    {
        var request = await http.ReadFromJsonAsync(ContractsJson.Default.InstallExtensionRequest, cancellation).ConfigureAwait(false);
        return Results.Json(await grace.InstallAsync(request?.Extension, cancellation).ConfigureAwait(false), ContractsJson.Default.GraceStatus);
    }

    private static async Task<IResult> UpdatePolicy(PolicyUpkeep policy, string? force, CancellationToken cancellation)
        => Results.Json(await policy.UpdateAsync(Flag(force, "force"), cancellation).ConfigureAwait(false), ContractsJson.Default.HostPolicyReport);

    private static async Task<IResult> Observe(Observation observation, string? days, CancellationToken cancellation)
        => Results.Json(await observation.ReportAsync(Days(days), cancellation).ConfigureAwait(false), ContractsJson.Default.ObservationReport);

    private static async Task<IResult> Explain(HttpRequest http, Explaining explaining, CancellationToken cancellation)
    {
        var request = await http.ReadFromJsonAsync(ContractsJson.Default.ExplanationRequest, cancellation).ConfigureAwait(false)
            ?? throw new ProblemException(LicensingProblem.InvalidField, "the body is empty", "hardwareId");
        return Results.Json(await explaining.ExplainAsync(request, cancellation).ConfigureAwait(false), ContractsJson.Default.Explanation);
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
    private static async Task<IResult> ListSessions(Store store, string? after, string? limit, CancellationToken cancellation)
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

    private static async Task<IResult> ListRefusals(Store store, string? after, string? limit, CancellationToken cancellation)
    {
        var last = RefusalCursor(after);
        var count = Limit(limit);
        await using var db = store.Open();
        var rows = await db.Refusals.AsNoTracking().Where(row => row.Id < last)
            .OrderByDescending(row => row.Id).Take(count + 1).ToListAsync(cancellation).ConfigureAwait(false);
        var next = rows.Count > count ? $"{rows[count - 1].Id}" : null;
        return Results.Json(new([.. rows.Take(count).Select(row => row.ToRecord())], next), ContractsJson.Default.PageRefusalRecord);
    }

    private static bool Flag(string? text, string name) => text switch
    {
        null or "" or "false" => false,
        "true" => true,
        _ => throw new ProblemException(LicensingProblem.InvalidField, $"{name} is true or false", name),
    };

    private static int Days(string? days)
    {
        if (string.IsNullOrEmpty(days))
            return Observation.DefaultDays;
        return int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= Observation.MaxDays
            ? count
            : throw new ProblemException(LicensingProblem.InvalidField, $"days is a number from 1 to {Observation.MaxDays}", "days");
    }

    private static int Limit(string? limit)
    {
        if (string.IsNullOrEmpty(limit))
            return DefaultLimit;
        return int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= MaxLimit
            ? count
            : throw new ProblemException(LicensingProblem.InvalidField, $"limit is a number from 1 to {MaxLimit}", "limit");
    }

    private static long RefusalCursor(string? after)
    {
        if (string.IsNullOrEmpty(after))
            return long.MaxValue;
        return long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : throw NotACursor();
    }

    private static (bool Running, long Last) SessionCursor(string? after)
        => after switch
        {
            null or "" => (true, long.MaxValue),
            ['0' or '1', '-', ..] when long.TryParse(after.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var last) => (after[0] == '1', last),
            _ => throw NotACursor(),
        };

    private static ProblemException NotACursor() => new(LicensingProblem.InvalidField, "after is not the next of a page of this list", "after");
}
