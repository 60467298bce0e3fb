using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Sessions;

/// <summary>
/// <c>POST /v1/sessions</c>: keeps the running sessions, and finds a Device CAL that is in use from two addresses at a time. Its device is
/// flagged, and hosts ask from then on before they admit with the CAL. Addresses of one NAT are one address.
/// </summary>
internal static class ReportSessions
{
    /// <summary>Rows of one host; a host with more has lost count, and the oldest fall out.</summary>
    private const int MaxSessions = 10_000;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/sessions", Report).AtHosts(Credential.Membership);

    /// <summary>An address in its one spelling; null when it is none.</summary>
    public static string? Spell(string? address)
        => IPAddress.TryParse(address, out var parsed) ? (parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed).ToString() : null;

    /// <summary>The address that uses a CAL: of the running sessions over it the one that began first.</summary>
    public static string? UsedFrom(LedgerBatch batch, CalSerial serial)
    {
        var since = batch.Now - SessionReport.Lapse;
        return batch.Db.Sessions.AsNoTracking().Where(row => row.Serial == serial && row.ReportedAt >= since)
            .OrderBy(row => row.StartedAt).ThenBy(row => row.HostId).ThenBy(row => row.SessionId).Select(row => row.Address).FirstOrDefault();
    }

    private static async Task Report(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.SessionReport).ConfigureAwait(false);
        if (request.Sessions is not { Count: <= SessionReport.MaxSessions })
            throw new ProblemException(LicensingProblem.InvalidField, $"sessions has {request.Sessions?.Count.ToString() ?? "no"} entries; at most {SessionReport.MaxSessions} are taken", "sessions");
        var sessions = request.Sessions.Select(Check).ToList();
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await ledger.WorkAsync(HostCredential.RequireMembership(context), (batch, host) => Keep(batch, host, sessions), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, new object(), ContractsJson.Default.Object).ConfigureAwait(false);
    }

    private static (ReportedSession Session, CalSerial Serial, string Address) Check(ReportedSession session, int index)
    {
        if (!CalSerial.TryParse(session?.Serial, out var serial))
            throw new ProblemException(LicensingProblem.InvalidField, "a serial has 32 hexadecimal digits", $"sessions[{index}].serial");
        return (session!, serial, Spell(session!.Address) ?? throw new ProblemException(LicensingProblem.InvalidField, "address is an IP address", $"sessions[{index}].address"));
    }

    private static int Keep(LedgerBatch batch, JoinedHost host, List<(ReportedSession Session, CalSerial Serial, string Address)> sessions)
    {
        foreach (var (session, serial, address) in sessions)
        {
            var row = batch.Db.Sessions.Find(host.HostId, session.SessionId);
            if (session.EndedAt is not null)
            {
                if (row is not null)
                    batch.Db.Remove(row);
            }
            else if (row is not null)
            {
                row.ReportedAt = batch.Now;
            }
            else
            {
                batch.Db.Add(new RunningSession
                {
                    HostId = host.HostId,
                    SessionId = session.SessionId,
                    Serial = serial,
                    Address = address,
                    StartedAt = session.StartedAt,
                    ReportedAt = batch.Now,
                });
            }
        }

        // What follows is asked of the database.
        batch.Db.SaveChanges();
        var kept = batch.Db.Sessions.Where(row => row.HostId == host.HostId);
        if (kept.Count() is var count and > MaxSessions)
            kept.OrderBy(row => row.ReportedAt).ThenBy(row => row.SessionId).Take(count - MaxSessions).ExecuteDelete();
        var since = batch.Now - SessionReport.Lapse;
        foreach (var serial in sessions.Where(session => session.Session.EndedAt is null).Select(session => session.Serial).Distinct())
            if (batch.Db.Sessions.Where(row => row.Serial == serial && row.ReportedAt >= since).Select(row => row.Address).Distinct().Count() > 1
                && batch.License(serial) is { Status: LicenseStatus.Live } license && !license.IsOver(batch.Now))
                Doubt(batch, license);
        return sessions.Count;
    }

    private static void Doubt(LedgerBatch batch, License license)
    {
        batch.Flag(license.DeviceId, DeviceFlags.SimultaneousUse);
        if (!license.AskFirst)
            batch.DoubtUse(license);
    }
}
