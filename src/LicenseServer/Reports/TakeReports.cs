using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Sessions;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Reports;

/// <summary>
/// <c>POST /v1/reports</c>: keeps what a host tells of its sessions, its refusals and itself. Told twice it is kept once. What a host says of itself is its
/// word, and shown as such.
/// </summary>
internal static class TakeReports
{
    private const int MaxState = 48 * 1024;
    private const int HardwareIdLength = 40;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/reports", TakeAsync).AtHosts(Credential.Membership);

    private static async Task TakeAsync(HttpContext context)
    {
        var report = await Json.ReadAsync(context, ContractsJson.Default.HostReport).ConfigureAwait(false);
        var sessions = Json.Require(report.Sessions, "sessions");
        var refusals = Json.Require(report.Refusals, "refusals");
        if (sessions.Count + refusals.Count > HostReport.MaxRows)
            throw new ProblemException(
                LicensingProblem.InvalidField, $"{sessions.Count} sessions and {refusals.Count} refusals; at most {HostReport.MaxRows} together are taken", "sessions");
        for (var index = 0; index < sessions.Count; index++)
            Check(sessions[index], $"sessions[{index}]");
        for (var index = 0; index < refusals.Count; index++)
            Check(refusals[index], $"refusals[{index}]");
        var state = report.State is null ? null : JsonSerializer.SerializeToUtf8Bytes(report.State, ContractsJson.Default.HostState);
        if (state?.Length > MaxState)
            throw new ProblemException(LicensingProblem.InvalidField, $"state has {state.Length} bytes; at most {MaxState} are taken", "state");
        await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(
            HostCredential.RequireMembership(context),
            (batch, host) => Keep(batch, host, sessions, refusals, state),
            context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, new object(), ContractsJson.Default.Object).ConfigureAwait(false);
    }

    private static void Check(SessionRecord? session, string field)
    {
        Json.Require(session, field);
        Json.Text(session!.Device, $"{field}.device", HostReport.MaxText, mayBeEmpty: true);
        Json.Text(session.Rule, $"{field}.rule", HostReport.MaxText);
        Optional(session.Account, $"{field}.account");
        Optional(session.Serial, $"{field}.serial");
        Optional(session.End, $"{field}.end");
        CheckHardwareId(session.HardwareId, field);
        CheckAddress(session.Address, field);
    }

    private static void Check(RefusalRecord? refusal, string field)
    {
        Json.Require(refusal, field);
        Json.Text(refusal!.Reason, $"{field}.reason", HostReport.MaxText);
        Json.Text(refusal.Rule, $"{field}.rule", HostReport.MaxText);
        Json.Text(refusal.Detail, $"{field}.detail", HostReport.MaxText, mayBeEmpty: true);
        Json.Text(refusal.Fix, $"{field}.fix", HostReport.MaxText, mayBeEmpty: true);
        Optional(refusal.Device, $"{field}.device");
        Optional(refusal.UserName, $"{field}.userName");
        CheckHardwareId(refusal.HardwareId, field);
        CheckAddress(refusal.Address, field);
    }

    private static void Optional(string? text, string field)
    {
        if (text is not null)
            Json.Text(text, field, HostReport.MaxText, mayBeEmpty: true);
    }

    private static void CheckHardwareId(string? id, string field)
    {
        if (id is not null && (id.Length != HardwareIdLength || !id.All(char.IsAsciiHexDigit)))
            throw new ProblemException(LicensingProblem.InvalidField, $"a hardware id has {HardwareIdLength} hexadecimal digits", $"{field}.hardwareId");
    }

    private static void CheckAddress(string? address, string field)
    {
        if (ReportSessions.Spell(address) is null)
            throw new ProblemException(LicensingProblem.InvalidField, "address is an IP address", $"{field}.address");
    }

    private static int Keep(LedgerBatch batch, JoinedHost host, IReadOnlyList<SessionRecord> sessions, IReadOnlyList<RefusalRecord> refusals, byte[]? state)
    {
        KeepSessions(batch, host.HostId, sessions);
        KeepRefusals(batch, host.HostId, refusals);
        if (state is not null)
        {
            if (batch.Db.HostStates.Find(host.HostId) is { } known)
                (known.State, known.ToldAt) = (state, batch.Now);
            else
                batch.Db.HostStates.Add(new() { HostId = host.HostId, State = state, ToldAt = batch.Now });
        }

        return sessions.Count + refusals.Count;
    }

    private static void KeepSessions(LedgerBatch batch, Guid host, IReadOnlyList<SessionRecord> sessions)
    {
        if (sessions.Count == 0)
            return;
        long[] numbers = [.. sessions.Select(session => session.Id)];
        var known = batch.Db.HostSessions.Where(row => row.HostId == host && numbers.Contains(row.SessionId)).ToList();
        foreach (var session in sessions)
        {
            var startedAt = Seconds(session.StartedAt);
            var row = known.Find(row => row.SessionId == session.Id && row.StartedAt == startedAt);
            if (row is null)
            {
                row = new()
                {
                    HostId = host,
                    SessionId = session.Id,
                    StartedAt = startedAt,
                    Device = session.Device,
                    HardwareId = session.HardwareId,
                    Address = ReportSessions.Spell(session.Address)!,
                    Account = session.Account,
                    Rule = session.Rule,
                    Serial = session.Serial,
                    Temporary = session.Temporary,
                    GraceDaysLeft = session.GraceDaysLeft,
                    EndedAt = session.EndedAt,
                    End = session.End,
                    ToldAt = batch.Now,
                };
                known.Add(row);
                batch.Db.HostSessions.Add(row);
            }
            else
            {
                (row.Account, row.Rule, row.EndedAt, row.End, row.ToldAt) = (session.Account, session.Rule, session.EndedAt, session.End, batch.Now);
            }
        }
    }

    private static void KeepRefusals(LedgerBatch batch, Guid host, IReadOnlyList<RefusalRecord> refusals)
    {
        if (refusals.Count == 0)
            return;
        long[] numbers = [.. refusals.Select(refusal => refusal.Id)];
        var known = batch.Db.HostRefusals.Where(row => row.HostId == host && numbers.Contains(row.RefusalId)).Select(row => new { row.RefusalId, row.At }).ToList()
            .Select(row => (row.RefusalId, row.At)).ToHashSet();
        foreach (var refusal in refusals)
            if (known.Add((refusal.Id, Seconds(refusal.At))))
                batch.Db.HostRefusals.Add(new()
                {
                    HostId = host,
                    RefusalId = refusal.Id,
                    At = Seconds(refusal.At),
                    Reason = refusal.Reason,
                    Rule = refusal.Rule,
                    Device = refusal.Device,
                    HardwareId = refusal.HardwareId,
                    UserName = refusal.UserName,
                    Address = ReportSessions.Spell(refusal.Address)!,
                    Detail = refusal.Detail,
                    Fix = refusal.Fix,
                    Observed = refusal.Observed,
                });
    }

    // As the table keeps it: what is compared with a row must be like the row.
    private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
