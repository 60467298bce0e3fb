using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Cals;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Revocation;

/// <summary><c>GET</c>, <c>POST</c> and <c>DELETE /v1/cals/{serial}/revocation</c>.</summary>
internal static class RevokeCal
{
    private const int MaxReason = 255;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/cals/{serial}/revocation", Show).At(Door.Administration).For(AccountRole.Reader)
            .Answers<RevocationRecord>("How many CALs of its version may be revoked now, and when the next may.");
        routes.MapPost("/v1/cals/{serial}/revocation", Revoke).At(Door.Administration).For(AccountRole.Operator)
            .Takes<RevokeRequest>().Answers<RevocationRecord>("Makes a permanent Device CAL void.");
        routes.MapDelete("/v1/cals/{serial}/revocation", Lift).At(Door.Administration).For(AccountRole.Operator)
            .Answers<RevocationRecord>("Lifts a revocation.");
    }

    // Counted as a revocation would count it, which changes nothing.
    private static Task Show(HttpContext context) => WorkAsync(context, ListCals.Serial(context), (_, _) => { });

    private static async Task Revoke(HttpContext context)
    {
        var serial = ListCals.Serial(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.RevokeRequest).ConfigureAwait(false);
        var reason = Json.Text(request.Reason, "reason", MaxReason);
        await WorkAsync(context, serial, (batch, license) => Revoke(batch, license, reason)).ConfigureAwait(false);
    }

    /// <summary>The CAL is void; the same again changes nothing.</summary>
    /// <exception cref="ProblemException">It is not a permanent one that is held, or the limit is reached.</exception>
    internal static void Revoke(LedgerBatch batch, License license, string reason)
    {
        if (license.IsRevoked(batch.Now))
            return;
        if (license is not { Status: LicenseStatus.Live, Kind: LicenseKind.Permanent } || license.IsOver(batch.Now))
            throw new ProblemException(LicensingProblem.RuleForbids, $"only a permanent Device CAL that is held can be revoked; this one is {KebabCase.Of(license.StatusAt(batch.Now))}", "serial");
        RevocationLimit.Demand(batch, license.Version);
        batch.Revoke(license, reason, outsideLimit: false);
    }

    private static Task Lift(HttpContext context) => WorkAsync(context, ListCals.Serial(context), (batch, license) =>
    {
        if (license.Status == LicenseStatus.Live)
            return;
        if (!license.IsRevoked(batch.Now))
            throw new ProblemException(LicensingProblem.RuleForbids, $"the CAL is {KebabCase.Of(license.StatusAt(batch.Now))}; there is no revocation to lift", "serial");
        // Seats of CALs that are over come back first.
        batch.DevicePacks();
        if (license.Kind == LicenseKind.Permanent && !(batch.Pack(license.PackId)?.Free(batch.Now) > 0))
            throw new ProblemException(LicensingProblem.RuleForbids, $"no seat of key pack {license.PackId} is free; the device gets a CAL as a new one when this one's end, {license.NotAfter:u}, is past", "serial");
        batch.LiftRevocation(license);
    });

    private static async Task WorkAsync(HttpContext context, CalSerial serial, Action<LedgerBatch, License> change)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (answer, _) = await ledger.WorkAsync(
            batch =>
            {
                var license = Find(batch, serial);
                change(batch, license);
                var standing = RevocationLimit.Of(batch, license.Version);
                return (License: license, Standing: standing);
            },
            context.RequestAborted).ConfigureAwait(false);
        await using var db = ledger.Database.OpenReader();
        var record = await ListCals.RecordAsync(context, db, answer.License).ConfigureAwait(false);
        var standing = answer.Standing;
        await Json.WriteAsync(
            context, new RevocationRecord(record, standing.Limit, standing.Revoked, standing.Remaining, standing.NextAt), ContractsJson.Default.RevocationRecord).ConfigureAwait(false);
    }

    private static License Find(LedgerBatch batch, CalSerial serial)
    {
        if (batch.License(serial) is { } license)
            return license;
        throw batch.Db.Temporaries.Any(temporary => temporary.Serial == serial)
            ? new ProblemException(LicensingProblem.RuleForbids, "only a permanent Device CAL that is held can be revoked; this one is temporary and takes no seat", "serial")
            : new ProblemException(LicensingProblem.NotFound, $"no CAL has the serial {serial}");
    }
}
