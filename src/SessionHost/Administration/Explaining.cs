using System.Net;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Rules;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Administration;

/// <summary>
/// Runs the device table for a device as it would be run at its next connection, without connecting: the newest receipt stands for the CAL that
/// the device would present. Nothing is asked of a license server, so that explaining takes no seat. For a person it is the device of the last
/// session on a per-device host, and the logon.
/// </summary>
internal sealed class Explaining(
    Servers servers, Receipts receipts, Revocations revocations, GracePeriod grace, HostClock clock, Store store, ExplainingLogons logons)
{
    private const int HardwareIdLength = 40;
    private const int MaxAccount = 255;

    /// <exception cref="ProblemException">Not exactly one name is given, or nobody of that name is known.</exception>
    public async Task<Explanation> ExplainAsync(ExplanationRequest request, CancellationToken cancellation)
    {
        if (new[] { request.HardwareId, request.ClientName, request.Account }.Count(name => name is not null) != 1)
            throw new ProblemException(LicensingProblem.InvalidField, "exactly one of hardwareId, clientName and account is given", "hardwareId");
        if (request.Account is not { } account)
            return await ExplainDeviceAsync(await FindAsync(request, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        if (account.Length is 0 or > MaxAccount || account.Any(char.IsControl))
            throw new ProblemException(LicensingProblem.InvalidField, $"account has 1 to {MaxAccount} characters, none of them control characters", "account");
        var logon = await logons.ExplainAsync(account, cancellation).ConfigureAwait(false);
        if (servers.Mode == LicensingMode.PerUser || await LastDeviceAsync(account, cancellation).ConfigureAwait(false) is not { } last)
            return logon;
        var device = await ExplainDeviceAsync(last, cancellation).ConfigureAwait(false);
        return device.Outcome == KebabCase.Of(RuleOutcome.Refuse) ? device : device with { Rows = [.. device.Rows, .. logon.Rows] };
    }

    private async Task<Explanation> ExplainDeviceAsync(string hardwareId, CancellationToken cancellation)
    {
        var kept = (await receipts.AllAsync(hardwareId, cancellation).ConfigureAwait(false)).OrderBy(row => row.Temporary).FirstOrDefault();
        var issuer = kept is not null && KeyFingerprint.TryParse(kept.LicenseServer, out var key) ? key : null;
        var facts = new DeviceFacts(
            true, false, servers.Mode, kept is null ? ClientStore.None : ClientStore.Ours, QualityOf(kept),
            revocations.Of(kept?.Serial, issuer, kept?.PackId, IPAddress.None), Answer(),
            await receipts.FindValidAsync(hardwareId, servers.HostVersion, servers.Good, cancellation).ConfigureAwait(false) is not null,
            GraceStandings.Of(grace.State));
        var ruling = DeviceRules.Decide(facts);
        return new(hardwareId, ExplainedRows.UpTo(ruling.Row, Rows(facts, ruling, kept)), KebabCase.Of(ruling.Outcome));
    }

    private async Task<string> FindAsync(ExplanationRequest request, CancellationToken cancellation)
    {
        if (request.HardwareId is { } id)
            return id.Length == HardwareIdLength && id.All(char.IsAsciiHexDigit)
                ? id.ToLowerInvariant()
                : throw new ProblemException(LicensingProblem.InvalidField, $"hardwareId has {HardwareIdLength} hexadecimal digits", "hardwareId");
        await using var db = store.Open();
        return await db.Sessions.AsNoTracking().Where(row => row.HardwareId != null && row.Device == request.ClientName)
                .OrderByDescending(row => row.Id).Select(row => row.HardwareId).FirstOrDefaultAsync(cancellation).ConfigureAwait(false)
            ?? await db.Refusals.AsNoTracking().Where(row => row.HardwareId != null && row.Device == request.ClientName)
                .OrderByDescending(row => row.Id).Select(row => row.HardwareId).FirstOrDefaultAsync(cancellation).ConfigureAwait(false)
            ?? throw new ProblemException(
                LicensingProblem.NotFound, "no session or refusal of that name is kept here; ostiary sessions list and ostiary refusals list show the names", "clientName");
    }

    private async Task<string?> LastDeviceAsync(string account, CancellationToken cancellation)
    {
        await using var db = store.Open();
        return await db.Sessions.AsNoTracking().Where(row => row.HardwareId != null && row.Account == account)
            .OrderByDescending(row => row.Id).Select(row => row.HardwareId).FirstOrDefaultAsync(cancellation).ConfigureAwait(false);
    }

    private CalQuality QualityOf(ReceiptRow? kept)
    {
        if (kept is null || servers.Good.All(server => server.Hex != kept.LicenseServer))
            return CalQuality.None;
        if (kept.ExpiresAt <= clock.Now || kept.IssuedAt > clock.Now)
            return CalQuality.Expired;
        if (!new CalVersion(kept.Version).Serves(servers.HostVersion))
            return CalQuality.TooOld;
        return kept.Temporary ? CalQuality.Temporary : kept.ExpiresAt - clock.Now > CalQualities.RenewedWithin ? CalQuality.Good : CalQuality.EndsSoon;
    }

    private ServerAnswer Answer()
        => servers.Asked.Count == 0 ? ServerAnswer.NoneConfigured
            : servers.Asked.All(link => link.SilentSince is not null) ? ServerAnswer.Silent : ServerAnswer.NotAsked;

    private static ExplainedRow[] Rows(DeviceFacts facts, Ruling ruling, ReceiptRow? kept)
    {
        var cal = kept is null ? "no receipt" : $"{HeldCal.Kind(kept.Temporary)} {HeldCal.Short(kept.Serial)} until {kept.ExpiresAt:u}: {KebabCase.Of(facts.Cal)}";
        var server = KebabCase.Of(facts.Server);
        bool? asked = facts.Server == ServerAnswer.NotAsked ? null : false;
        ExplainedRow[] all =
        [
            new("1", "the client offers no TLS", false, "taken for granted: it offers TLS"),
            new("2", "an administrative session is asked for", false, "taken for granted: it is not"),
            new(DeviceRules.AtLogonRow, "the host is per user: the logon decides", ruling.Row == DeviceRules.AtLogonRow, KebabCase.Of(facts.Mode)),
            new("3", "a permanent CAL with more than 7 days left, not on a fresh revocation list", ruling.Row == "3", $"{cal}; revocation: {KebabCase.Of(facts.Revocation)}"),
            new("4", "the license server grants", asked, server),
            new("5", "the license servers are silent, and a CAL or receipt still holds", asked is null ? null : ruling.Row == "5", $"{server}; {cal}; receipt: {(facts.ReceiptValid ? "yes" : "no")}"),
            new("6", "the grace period runs or has not begun", asked is null ? facts.Grace == GraceStanding.Ended ? false : null : ruling.Row == "6", KebabCase.Of(facts.Grace)),
            new("7", "the license server refuses", asked, server),
            new("8", "no license server, or all silent", asked is null ? false : ruling.Row == "8", server),
        ];
        return all;
    }
}
