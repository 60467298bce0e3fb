using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Explaining;

/// <summary>
/// <c>POST /v1/explanation</c>: what a device or a person would be answered at a session host now. The very decision is carried out and taken back,
/// so that what is explained is what would happen.
/// </summary>
internal static class ExplainDecision
{
    private const int MaxName = 255;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/explanation", Explain).At(Door.Administration).For(AccountRole.Reader)
        .Takes<ExplainDecisionRequest>().Answers<Explanation>("What a device or a person would be answered at a session host now.");

    private static async Task Explain(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ExplainDecisionRequest).ConfigureAwait(false);
        var (hostName, name) = (Json.Text(request.Host, "host", MaxName), Json.Text(request.Name, "name", MaxName));
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await using var db = ledger.Database.OpenReader();
        var host = await FindHostAsync(db, hostName, context.RequestAborted).ConfigureAwait(false);
        var mode = await ModeOfAsync(db, host, ledger.Clock.GetUtcNow(), context.RequestAborted).ConfigureAwait(false);
        var explanation = mode == LicensingMode.PerUser
            ? await OfPersonAsync(ledger, db, host, name, context.RequestAborted).ConfigureAwait(false)
            : await OfDeviceAsync(ledger, db, host, name, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, explanation, ContractsJson.Default.Explanation).ConfigureAwait(false);
    }

    // Policy may have said another mode than the invitation: what the host last told counts, then what its group is told.
    private static async Task<LicensingMode> ModeOfAsync(LedgerContext db, JoinedHost host, DateTimeOffset now, CancellationToken cancellation)
    {
        var told = await db.HostStates.AsNoTracking().SingleOrDefaultAsync(state => state.HostId == host.HostId, cancellation).ConfigureAwait(false);
        if (told is not null && now - told.ToldAt < HostReport.Lapse && told.Read() is { } state)
            return state.Status.Mode;
        var group = host.Group is not { } name ? null
            : await db.HostGroups.AsNoTracking().SingleOrDefaultAsync(row => row.Name == name && row.RemovedAt == null, cancellation).ConfigureAwait(false);
        return group?.Read().LicensingMode ?? host.Mode;
    }

    private static async Task<JoinedHost> FindHostAsync(LedgerContext db, string name, CancellationToken cancellation)
    {
        var id = Guid.TryParse(name, out var given) ? given : Guid.Empty;
        var hosts = await db.Hosts.Where(row => row.RemovedAt == null && (row.HostId == id || row.Name == name)).Take(2).ToListAsync(cancellation).ConfigureAwait(false);
        return hosts switch
        {
            [var one] => one,
            [] => throw new ProblemException(LicensingProblem.NotFound, "no session host of that name or id has joined; 'ostiary hosts list' lists them", "host"),
            _ => throw new ProblemException(LicensingProblem.InvalidField, "several session hosts have that name; give the id, as 'ostiary hosts list' prints it", "host"),
        };
    }

    private static async Task<Explanation> OfDeviceAsync(Ledger ledger, LedgerContext db, JoinedHost host, string name, CancellationToken cancellation)
    {
        var hardwareId = HardwareId.TryParse(name, out var bytes) ? bytes : [];
        Cal known = await db.Licenses.Where(row => row.ClientName == name || row.HardwareId == hardwareId).OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancellation).ConfigureAwait(false)
            ?? (Cal?)await db.Temporaries.Where(row => row.ClientName == name || row.HardwareId == hardwareId).OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancellation).ConfigureAwait(false)
            ?? throw new ProblemException(LicensingProblem.NotFound, "no device of that name or hardware id has come here; 'ostiary devices list' and 'ostiary cals list' show the names", "name");
        // As if it came from where it runs now.
        var address = await db.Sessions.Where(row => row.Serial == known.Serial).Select(row => row.Address).FirstOrDefaultAsync(cancellation).ConfigureAwait(false) ?? "0.0.0.0";
        var outcome = await ledger.RehearseAsync(IdentityOf(host), known.HardwareId, known.ClientName, address).ConfigureAwait(false);
        var held = known is License license ? $"{KebabCase.Of(license.Kind)} CAL {Short(license.Serial)} of version {license.Version}, {KebabCase.Of(license.Status)}, until {license.NotAfter:u}"
            : $"temporary CAL {Short(known.Serial)} of version {known.Version}, nobody has logged on over it, until {known.NotAfter:u}";
        var granted = outcome.Cal is not { } cal ? null
            : $"{(cal.Serial == known.Serial ? "the same CAL" : cal is License { Kind: LicenseKind.Permanent } ? "a new permanent CAL" : "a new temporary CAL")} of version {cal.Version} until {cal.NotAfter:u}";
        return await BuildAsync(
            ledger, db, host, CalType.Device, Convert.ToHexStringLower(known.HardwareId), $"{known.ClientName}: {held}", known is License { Status: LicenseStatus.Live }, granted, outcome.Reason, outcome.Detail, cancellation).ConfigureAwait(false);
    }

    private static async Task<Explanation> OfPersonAsync(Ledger ledger, LedgerContext db, JoinedHost host, string name, CancellationToken cancellation)
    {
        var known = await db.UserCals.Where(row => row.Name == name && (row.AccountHostId == null || row.AccountHostId == host.HostId)).OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancellation).ConfigureAwait(false);
        // Who has never come is taken for a local account.
        var user = known is null ? new UserClaim(name, "", null) : new(known.Name, known.Realm, known.StableId);
        var outcome = await ledger.RehearseAsync(IdentityOf(host), user).ConfigureAwait(false);
        var held = known is null ? "never had a CAL here; taken for a local account" : $"CAL {Short(known.Serial)} of version {known.Version}, {KebabCase.Of(known.State)}, until {known.ExpiresAt:u}";
        var granted = outcome.Serial is not { } serial ? null
            : $"{(serial == known?.Serial ? "the same CAL" : "a new CAL")} of version {outcome.Version} until {outcome.ExpiresAt:u}{(outcome.OverUsed ? ", beyond the packs" : "")}";
        return await BuildAsync(
            ledger, db, host, CalType.User, null, $"{name}: {held}", known is { State: UserCalState.Live }, granted, outcome.Reason, outcome.Detail, cancellation).ConfigureAwait(false);
    }

    private static async Task<Explanation> BuildAsync(
        Ledger ledger, LedgerContext db, JoinedHost host, CalType type, string? hardwareId, string held, bool isHeld, string? granted, RefusalReason? reason, string? detail, CancellationToken cancellation)
    {
        var now = ledger.Clock.GetUtcNow();
        var packs = (await db.Packs.Where(pack => pack.Type == type && pack.RemovedAt == null).ToListAsync(cancellation).ConfigureAwait(false)).Where(pack => pack.Version.Serves(host.Version)).ToList();
        var (installed, free) = (packs.Sum(pack => pack.Installed(now)), packs.Sum(pack => pack.Free(now)));
        var rows = new List<ExplainedRow>
        {
            new("", "the session host may ask", host.Allowed, $"{host.Name}, {(type == CalType.User ? "per-user" : "per-device")}, version {host.Version}, {host.QuotaPerHour} new CALs an hour"),
            new("", "a CAL is held", isHeld, held),
            new("", "a seat that serves the host is free", free > 0, $"{free} of {installed} {KebabCase.Of(type)} CALs of version {host.Version} or newer"),
        };
        if (await db.Recoveries.AnyAsync(row => row.EndedAt == null, cancellation).ConfigureAwait(false))
            rows.Add(new("", "the license server is recovering: no seat is given to anybody new", true, "ostiary server status shows which session hosts have not answered"));
        var perUser = type == CalType.User;
        rows.Add(granted is not null
            ? new(perUser ? "U3" : "4", "the license server grants", true, granted)
            : new(perUser ? "U6" : "7", "the license server refuses", true, $"{(reason is { } why ? KebabCase.Of(why) : "")}: {detail}"));
        return new(hardwareId, rows, granted is not null ? "admit" : "refuse");
    }

    private static HostIdentity IdentityOf(JoinedHost host) => new(host.HostId, SHA256.HashData(host.PublicKey));

    private static string Short(CalSerial serial) => serial.ToString()[..8];
}
