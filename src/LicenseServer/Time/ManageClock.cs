using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Clock;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Time;

/// <summary><c>GET /v1/clock</c> and <c>POST /v1/clock</c>: what counts as now, and an administrator's word that the machine's clock is right after a leap.</summary>
internal static class ManageClock
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/clock", Show).At(Door.Administration).For(AccountRole.Reader)
            .Answers<ClockStatus>("What counts as now.");
        routes.MapPost("/v1/clock", Confirm).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<ClockStatus>("Says that the machine's clock is right after a leap.");
    }

    public static ClockStatus StatusOf(SteadyClock clock) => new(clock.Machine, clock.GetUtcNow(), clock.Unconfirmed is null);

    private static Task Show(HttpContext context)
        => Json.WriteAsync(context, StatusOf(context.RequestServices.GetRequiredService<Ledger>().Clock), ContractsJson.Default.ClockStatus);

    private static async Task Confirm(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (ledger.Clock.Unconfirmed is { } machine)
        {
            await ledger.WorkAsync(
                batch =>
                {
                    batch.Add(new ClockConfirmation { At = batch.Now, Machine = machine });
                    return true;
                },
                context.RequestAborted).ConfigureAwait(false);
            ledger.Clock.ConfirmByAdministrator();
            Log.ClockConfirmed(context.RequestServices.GetRequiredService<ILogger<Ledger>>(), machine);
        }

        await Show(context).ConfigureAwait(false);
    }
}
