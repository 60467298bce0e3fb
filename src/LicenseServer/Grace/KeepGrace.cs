using System.Formats.Cbor;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Grace;

/// <summary>
/// <c>POST /v1/grace</c>: keeps what counts of a machine's grace records. A record is verified with the key of the host that sends it; what
/// counts may be united from several, so it goes out signed by the license server.
/// </summary>
internal static class KeepGrace
{
    /// <summary>A host writes its high-water mark often; the copy follows in steps, so that the audit chain does not grow by the minute.</summary>
    private static readonly TimeSpan HighWaterStep = TimeSpan.FromDays(1);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/grace", Keep).AtHosts(Credential.Membership);

    /// <summary>What counts for a machine, signed; null when it never had a record.</summary>
    public static byte[]? Signed(Ledger ledger, GraceCopy? copy) => copy is null ? null : ledger.Identity.Key.SignStatement(copy.Record);

    private static async Task Keep(HttpContext context)
    {
        var identity = HostCredential.RequireMembership(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.GraceCopyRequest).ConfigureAwait(false);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (copy, _) = await ledger.WorkAsync(
            identity,
            (batch, host) => request.Record is { } sent ? Keep(batch, host, Read(sent, host)) : Find(batch, host.MachineId),
            context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, new GraceCopyAnswer(Signed(ledger, copy)), ContractsJson.Default.GraceCopyAnswer).ConfigureAwait(false);
    }

    public static GraceCopy? Find(LedgerBatch batch, string machineId)
        => batch.Db.GraceCopies.Local.SingleOrDefault(row => row.MachineId == machineId) ?? batch.Db.GraceCopies.AsTracking().SingleOrDefault(row => row.MachineId == machineId);

    private static GraceCopy Keep(LedgerBatch batch, JoinedHost host, GraceRecordStatement sent)
    {
        if (Find(batch, host.MachineId) is not { } kept)
        {
            kept = new GraceCopy { MachineId = host.MachineId, Record = sent.Encode() };
            batch.Db.Add(kept);
            Record(batch, kept);
            return kept;
        }

        var before = GraceRecordStatement.Decode(kept.Record);
        var counts = GraceRecords.Unite(before, sent);
        if (!Differs(before, counts))
            return kept;
        kept.Record = counts.Encode();
        Record(batch, kept);
        return kept;
    }

    private static bool Differs(GraceRecordStatement before, GraceRecordStatement now)
        => before.StartedAt != now.StartedAt || before.EndedAt != now.EndedAt || before.ExtensionDays != now.ExtensionDays
            || before.Extensions.Count != now.Extensions.Count || now.HighWater - before.HighWater >= HighWaterStep;

    private static void Record(LedgerBatch batch, GraceCopy copy) => batch.Audit("grace-kept", CanonicalContent.Grace, copy.MachineId, number =>
    {
        copy.LedgerNumber = number;
        return CanonicalContent.Of(copy);
    });

    private static GraceRecordStatement Read(byte[] sent, JoinedHost host)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(host.PublicKey, out _);
        if (!Statement.TryVerify(sent, key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "record is not signed by this session host's key", "record");
        try
        {
            var record = GraceRecordStatement.Decode(payload);
            return record.MachineId == host.MachineId
                ? record
                : throw new ProblemException(LicensingProblem.InvalidField, "record is of another machine than the session host joined with", "record");
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, $"record: {malformed.Message}", "record");
        }
    }
}
