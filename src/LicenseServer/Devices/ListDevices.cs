using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Cals;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Devices;

/// <summary><c>GET /v1/devices</c> and <c>GET /v1/devices/{device}</c>: devices over which somebody has logged on, in the order in which they came.</summary>
internal static class ListDevices
{
    private const int MaxCals = 20;
    private const string AnyFlag = "any";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/devices", List).At(Door.Administration).For(AccountRole.Reader)
            .TakesQuery("flagged", "Only devices with this flag, or any.").AnswersPage<DeviceRecord>("The devices, and what is odd about each.");
        routes.MapGet("/v1/devices/{device}", Show).At(Door.Administration).For(AccountRole.Reader)
            .Answers<DeviceRecord>("One device.");
    }

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? Guid.Empty : Guid.TryParse(text, out var given) ? given : throw Json.NotACursor();
        var flags = Flags(context);
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        // Numbers of devices are of version 7: their order is the order in which they came.
        var devices = await (flags is { } wanted
                ? db.Flags.Where(row => (row.Flags & wanted) != 0).Select(row => row.DeviceId)
                : db.Licenses.Select(row => row.DeviceId).Distinct())
            .Where(device => device.CompareTo(after) > 0).OrderBy(device => device).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var records = new List<DeviceRecord>();
        foreach (var device in devices.Take(limit))
            records.Add(await RecordAsync(context, db, device).ConfigureAwait(false));
        await Json.WriteAsync(context, new Page<DeviceRecord>(records, devices.Count > limit ? devices[limit - 1].ToString() : null), ContractsJson.Default.PageDeviceRecord).ConfigureAwait(false);
    }

    private static async Task Show(HttpContext context)
    {
        var device = DeviceId(context);
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        if (!await db.Licenses.AnyAsync(row => row.DeviceId == device, context.RequestAborted).ConfigureAwait(false))
            throw Unknown(device);
        await Json.WriteAsync(context, await RecordAsync(context, db, device).ConfigureAwait(false), ContractsJson.Default.DeviceRecord).ConfigureAwait(false);
    }

    /// <summary>The device that the route names.</summary>
    public static Guid DeviceId(HttpContext context)
        => Guid.TryParse(context.Request.RouteValues["device"] as string, out var device)
            ? device
            : throw new ProblemException(LicensingProblem.InvalidField, "a device id has 32 hexadecimal digits", "device");

    public static ProblemException Unknown(Guid device, string? field = null)
        => new(LicensingProblem.NotFound, $"no device has the id {device}; 'ostiary devices list' lists them", field);

    public static async Task<DeviceRecord> RecordAsync(HttpContext context, LedgerContext db, Guid device)
    {
        var licenses = await db.Licenses.Where(row => row.DeviceId == device).OrderByDescending(row => row.Id).Take(MaxCals).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var flags = (await db.Flags.SingleOrDefaultAsync(row => row.DeviceId == device, context.RequestAborted).ConfigureAwait(false))?.Flags ?? DeviceFlags.None;
        var identities = licenses.Select(row => new DeviceIdentity(Convert.ToHexStringLower(row.HardwareId), row.ClientName)).Distinct().ToList();
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        return new(
            device, [.. Enum.GetValues<DeviceFlags>().Where(flag => flag != DeviceFlags.None && flags.HasFlag(flag)).Select(flag => KebabCase.Of(flag))], identities,
            await ListCals.RecordsAsync(db, [.. licenses], now, context.RequestAborted).ConfigureAwait(false));
    }

    private static DeviceFlags? Flags(HttpContext context)
    {
        var text = context.Request.Query["flagged"].ToString();
        if (text.Length == 0)
            return null;
        var known = Enum.GetValues<DeviceFlags>().Where(flag => flag != DeviceFlags.None).ToList();
        if (text == AnyFlag)
            return known.Aggregate((left, right) => left | right);
        var named = known.Where(flag => KebabCase.Of(flag) == text).ToList();
        return named is [var one]
            ? one
            : throw new ProblemException(LicensingProblem.InvalidField, $"flagged is {AnyFlag} or one of {string.Join(", ", known.Select(flag => KebabCase.Of(flag)))}", "flagged");
    }
}
