using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Revocation;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Devices;

/// <summary>
/// <c>POST /v1/devices/{device}/merge</c> and <c>POST /v1/devices/{device}/split</c>: two devices that are one machine (a new hardware id, another name)
/// become one, with one CAL; and an identity that is another machine becomes a device of its own.
/// </summary>
internal static class MergeDevices
{
    private const int MaxText = 255;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/devices/{device}/merge", Merge).At(Door.Administration).For(AccountRole.Operator)
            .Takes<MergeDevicesRequest>().Answers<MergedDevices>("Makes two devices one; the CAL of one of them is void and its seat free.");
        routes.MapPost("/v1/devices/{device}/split", Split).At(Door.Administration).For(AccountRole.Operator)
            .Takes<SplitDeviceRequest>().Answers<SplitDevices>("Makes an identity of a device a device of its own.");
    }

    private static async Task Merge(HttpContext context)
    {
        var device = ListDevices.DeviceId(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.MergeDevicesRequest).ConfigureAwait(false);
        if (request.Other == Guid.Empty || request.Other == device)
            throw new ProblemException(LicensingProblem.InvalidField, "other is the id of another device", "other");
        var reason = Json.Text(request.Reason, "reason", MaxText);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (revoked, _) = await ledger.WorkAsync(batch => Merge(batch, device, request.Other, reason), context.RequestAborted).ConfigureAwait(false);
        await using var db = ledger.Database.OpenReader();
        var record = await ListDevices.RecordAsync(context, db, device).ConfigureAwait(false);
        await Json.WriteAsync(context, new MergedDevices(record, revoked?.ToString()), ContractsJson.Default.MergedDevices).ConfigureAwait(false);
    }

    private static async Task Split(HttpContext context)
    {
        var device = ListDevices.DeviceId(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.SplitDeviceRequest).ConfigureAwait(false);
        if (!HardwareId.TryParse(request.HardwareId, out var hardwareId))
            throw new ProblemException(LicensingProblem.InvalidField, $"hardwareId has {HardwareId.Length * 2} hexadecimal digits", "hardwareId");
        var name = Json.Text(request.ClientName, "clientName", MaxText, mayBeEmpty: true);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (split, _) = await ledger.WorkAsync(batch => Split(batch, device, DeviceKey.Of(hardwareId, name)), context.RequestAborted).ConfigureAwait(false);
        await using var db = ledger.Database.OpenReader();
        var answer = new SplitDevices(
            await ListDevices.RecordAsync(context, db, device).ConfigureAwait(false), await ListDevices.RecordAsync(context, db, split).ConfigureAwait(false));
        await Json.WriteAsync(context, answer, ContractsJson.Default.SplitDevices).ConfigureAwait(false);
    }

    // One CAL stays: a permanent one before a temporary one, then the one that was issued last.
    private static CalSerial? Merge(LedgerBatch batch, Guid device, Guid other, string reason)
    {
        Expire(batch, device);
        Expire(batch, other);
        var kept = Known(batch, device, null);
        var lost = Known(batch, other, "other");
        if (kept.Concat(lost).FirstOrDefault(license => license.IsRevoked(batch.Now) && !license.Merged) is { } revoked)
            throw new ProblemException(LicensingProblem.RuleForbids,
                $"CAL {revoked.Serial} of one of the two is revoked until {revoked.NotAfter:u}; lift the revocation first ('ostiary cals unrevoke'), or merge when it is over");
        var held = kept.Concat(lost).Where(license => license.Status == LicenseStatus.Live)
            .OrderByDescending(license => license.Kind == LicenseKind.Permanent).ThenByDescending(license => license.NotBefore).ThenByDescending(license => license.Id).ToList();
        var loser = held.Skip(1).FirstOrDefault(license => license.Kind == LicenseKind.Permanent);
        var flags = FlagsOf(batch, device) | FlagsOf(batch, other);
        if (loser is not null && flags == DeviceFlags.None)
            RevocationLimit.Demand(batch, loser.Version);

        foreach (var temporary in batch.OfDevice(other).OfType<Temporary>().ToList())
            batch.Remove(temporary);
        foreach (var license in held.Skip(1))
            if (license.Kind == LicenseKind.Permanent)
                batch.RevokeAsMerged(license, reason, outsideLimit: flags != DeviceFlags.None);
            else
                batch.Replace(license);
        foreach (var license in lost)
            batch.Move("device-merged", license, device);
        if (batch.Db.Flags.Find(other) is { } flagged)
            batch.Db.Remove(flagged);
        if (flags != DeviceFlags.None)
            batch.Flag(device, flags);
        return loser?.Serial;
    }

    // What it holds goes with the identity that it was issued for; the other comes back as a device that has had a CAL.
    private static Guid Split(LedgerBatch batch, Guid device, DeviceKey key)
    {
        Expire(batch, device);
        var all = Known(batch, device, null);
        var own = all.Where(license => license.DeviceKey == key).ToList();
        if (own.Count == 0)
            throw new ProblemException(LicensingProblem.NotFound, "the device has never come with this hardware id and name; 'ostiary devices show' shows those that it has come with", "hardwareId");
        if (own.Count == all.Count)
            throw new ProblemException(LicensingProblem.RuleForbids, "the device has come with this hardware id and name only; there is nothing to split", "hardwareId");
        var split = Guid.CreateVersion7(batch.Now);
        foreach (var temporary in batch.OfDevice(device).OfType<Temporary>().Where(temporary => temporary.DeviceKey == key).ToList())
            batch.Remove(temporary);
        foreach (var license in own)
            batch.Move("device-split", license, split);
        return split;
    }

    private static void Expire(LedgerBatch batch, Guid device)
    {
        foreach (var over in batch.OfDevice(device).OfType<License>().Where(license => license.Status == LicenseStatus.Live && license.IsOver(batch.Now)).ToList())
            batch.Expire(over);
    }

    private static List<License> Known(LedgerBatch batch, Guid device, string? field)
        => batch.OfDevice(device).OfType<License>().ToList() is { Count: > 0 } licenses ? licenses : throw ListDevices.Unknown(device, field);

    private static DeviceFlags FlagsOf(LedgerBatch batch, Guid device) => batch.Db.Flags.Find(device)?.Flags ?? DeviceFlags.None;
}
