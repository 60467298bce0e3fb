using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Users;

/// <summary>
/// <c>GET /v1/user-cals</c> (in the order in which they came), <c>GET /v1/user-cals/{serial}</c>, <c>POST …/release</c> and <c>POST …/rename</c>.
/// </summary>
internal static class ManageUserCals
{
    private const int MaxText = 255;
    private static readonly TimeSpan ReasonNeeded = TimeSpan.FromDays(90);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/user-cals", List).At(Door.Administration).For(AccountRole.Reader)
            .TakesQuery("search", "A part of the account's name or realm, at most 255 characters.").AnswersPage<UserCalRecord>("The User CALs.");
        routes.MapGet("/v1/user-cals/{serial}", Show).At(Door.Administration).For(AccountRole.Reader)
            .Answers<UserCalRecord>("One User CAL.");
        routes.MapPost("/v1/user-cals/{serial}/release", Release).At(Door.Administration).For(AccountRole.Operator)
            .Takes<ReleaseUserCalRequest>().Answers<UserCalRecord>("Takes a User CAL back.");
        routes.MapPost("/v1/user-cals/{serial}/rename", Rename).At(Door.Administration).For(AccountRole.Operator)
            .Takes<RenameUserCalRequest>().Answers<UserCalRecord>("A local account has another name and keeps its User CAL.");
    }

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        var search = Json.Text(context.Request.Query["search"].ToString(), "search", MaxText, mayBeEmpty: true).ToLowerInvariant();
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var found = db.UserCals.Where(cal => cal.Id > after);
        if (search.Length > 0)
#pragma warning disable CA1304, CA1311, CA1862 // Translated to SQL, where lower() has no culture.
            found = found.Where(cal => cal.Name.ToLower().Contains(search) || cal.Realm.Contains(search));
#pragma warning restore CA1304, CA1311, CA1862
        var rows = await found.OrderBy(cal => cal.Id).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var now = Now(context);
        var page = new Page<UserCalRecord>([.. rows.Take(limit).Select(cal => RecordOf(cal, now))], rows.Count > limit ? $"{rows[limit - 1].Id}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageUserCalRecord).ConfigureAwait(false);
    }

    private static async Task Show(HttpContext context)
    {
        var serial = Serial(context);
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var cal = await db.UserCals.SingleOrDefaultAsync(row => row.Serial == serial, context.RequestAborted).ConfigureAwait(false) ?? throw Unknown(serial);
        await Json.WriteAsync(context, RecordOf(cal, Now(context)), ContractsJson.Default.UserCalRecord).ConfigureAwait(false);
    }

    private static async Task Release(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ReleaseUserCalRequest).ConfigureAwait(false);
        var reason = string.IsNullOrWhiteSpace(request.Reason) ? null : Json.Text(request.Reason, "reason", MaxText);
        await ChangeAsync(context, (batch, cal) => Release(batch, cal, reason)).ConfigureAwait(false);
    }

    /// <summary>The person does not hold the CAL any more, and its seat is free.</summary>
    /// <exception cref="ProblemException">It was assigned less than 90 days ago, and there is no reason.</exception>
    internal static void Release(LedgerBatch batch, UserCal cal, string? reason)
    {
        if (reason is null && batch.Now - cal.AssignedAt < ReasonNeeded)
            throw new ProblemException(LicensingProblem.RuleForbids,
                $"the CAL was assigned at {cal.AssignedAt:u}; until {cal.AssignedAt + ReasonNeeded:u} (90 days) it is released only with a reason", "reason");
        (cal.ReleasedAt, cal.ReleaseReason) = (batch.Now, reason);
        batch.End("user-cal-released", cal, UserCalState.Released);
    }

    private static async Task Rename(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.RenameUserCalRequest).ConfigureAwait(false);
        var name = Json.Text(request.Name, "name", MaxText);
        await ChangeAsync(context, (batch, cal) =>
        {
            if (cal.StableId is not null)
                throw new ProblemException(LicensingProblem.RuleForbids, "a directory account keeps its CAL under a new name by itself, at its next logon; only local accounts are renamed");
            if (cal.Name == name)
                return;
            var person = PersonKey.Local(name, cal.AccountHostId);
            if (batch.Db.UserCals.Any(row => row.State == UserCalState.Live && row.PersonKey == person))
                throw new ProblemException(LicensingProblem.RuleForbids, "the account of this name holds a User CAL already; release one of the two", "name");
            batch.Rows.Forget(cal.PersonKey);
            (cal.Name, cal.PersonKey) = (name, person);
            batch.Rows.Add(cal);
            batch.Record("user-cal-renamed", cal);
        }).ConfigureAwait(false);
    }

    private static async Task ChangeAsync(HttpContext context, Action<LedgerBatch, UserCal> change)
    {
        var serial = Serial(context);
        var (record, _) = await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(
            batch =>
            {
                var row = batch.Db.UserCals.AsNoTracking().SingleOrDefault(cal => cal.Serial == serial) ?? throw Unknown(serial);
                var cal = batch.Rows.Attach(row);
                if (cal.State != UserCalState.Live || cal.IsOver(batch.Now))
                    throw new ProblemException(LicensingProblem.RuleForbids, $"the CAL is {KebabCase.Of(cal.StatusAt(batch.Now))}; only an active one can be changed");
                change(batch, cal);
                return RecordOf(cal, batch.Now);
            },
            context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, record, ContractsJson.Default.UserCalRecord).ConfigureAwait(false);
    }

    private static UserCalRecord RecordOf(UserCal cal, DateTimeOffset now) => new(
        cal.Serial.ToString(), cal.Name, cal.Realm, cal.AccountHostId, cal.Version, cal.StatusAt(now), cal.OverUsed, cal.AssignedAt,
        cal.LastLogonAt, cal.ExpiresAt, cal.PackId, cal.ReleasedAt, cal.ReleaseReason, cal.LedgerNumber);

    private static CalSerial Serial(HttpContext context)
        => CalSerial.TryParse(context.Request.RouteValues["serial"] as string, out var serial)
            ? serial
            : throw new ProblemException(LicensingProblem.InvalidField, "a serial has 32 hexadecimal digits", "serial");

    private static ProblemException Unknown(CalSerial serial) => new(LicensingProblem.NotFound, $"no User CAL has the serial {serial}");

    private static DateTimeOffset Now(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
}
