using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Recovering;

/// <summary>
/// <c>POST /v1/recovery</c>: a ledger head with a higher number and this license server's own signature begins a recovery; the receipts that hosts then
/// send, each proven by its signature, take their seats again, also beyond the packs.
/// </summary>
internal static class TakeReceipts
{
    private const int MaxName = 255;
    private const int MaxSignature = 80;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/recovery", Take).AtHosts(Credential.Membership);

    private static async Task Take(HttpContext context)
    {
        var identity = HostCredential.RequireMembership(context);
        var report = await Json.ReadAsync(context, ContractsJson.Default.RecoveryReport).ConfigureAwait(false);
        if (report.Receipts is not { Count: <= RecoveryReport.MaxReceipts })
            throw new ProblemException(LicensingProblem.InvalidField, $"receipts has {report.Receipts?.Count.ToString() ?? "no"} entries; at most {RecoveryReport.MaxReceipts} are taken", "receipts");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var seen = report.Head is { Hash.Length: SHA256.HashSizeInBytes, Signature: not null } head && ledger.HasSigned(head) ? head.Number : 0;
        // In a lost license server's place: its hosts join one after the other, and each brings what it keeps, whether or not those before it have ended the recovery.
        var lostSince = ledger.Identity.Current.Predecessors.Where(before => before.Cause == SuccessionCause.Lost).Select(before => (DateTimeOffset?)before.SwitchedAt).Max();
        // Signatures are checked before the writer's turn.
        var proven = report.Receipts.Select((receipt, index) => Check(receipt, index)).Select(item => (item.Receipt, item.Serial, ToBeSigned: ledger.Prove(item.Receipt, item.Serial)))
            .Where(item => item.ToBeSigned is not null).ToList();
        var (result, _) = await ledger.WorkAsync(
            identity,
            (batch, host) =>
            {
                var began = seen > batch.HeadNumber && batch.BeginRecovery(seen);
                var since = batch.Recovery?.BeganAt ?? (lostSince + Recovery.Longest > batch.Now ? lostSince : null);
                if (since is null)
                    return new Taken(Wanted: false, began, Ended: false, Adopted: 0);
                var adopted = proven.Count(item => Adopt(batch, host, item.Receipt, item.Serial, item.ToBeSigned!));
                if (report.Complete)
                    host.ReceiptsAt = batch.Now;
                var ended = report.Complete && batch.EndRecoveryIfOver();
                return new Taken(!ended && (host.ReceiptsAt is null || host.ReceiptsAt < since), began, ended, adopted);
            },
            context.RequestAborted).ConfigureAwait(false);
        var logger = context.RequestServices.GetRequiredService<ILogger<Ledger>>();
        if (result.Began)
            Log.RecoveryBegan(logger, identity.HostId, seen);
        if (result.Adopted > 0)
            Log.ReceiptsAdopted(logger, identity.HostId, result.Adopted);
        if (result.Ended)
            Log.RecoveryEnded(logger);
        await Json.WriteAsync(context, new RecoveryAnswer(result.Wanted), ContractsJson.Default.RecoveryAnswer).ConfigureAwait(false);
    }

    private static (Receipt Receipt, CalSerial Serial) Check(Receipt? receipt, int index)
    {
        if (!CalSerial.TryParse(receipt?.Serial, out var serial))
            throw Invalid("a serial has 32 hexadecimal digits", "serial");
        if (!HardwareId.TryParse(receipt!.HardwareId, out _))
            throw Invalid($"a hardware id has {HardwareId.Length * 2} hexadecimal digits", "hardwareId");
        if (receipt.ClientName is not { Length: <= MaxName })
            throw Invalid($"a client's name has at most {MaxName} characters", "clientName");
        if (!receipt.Version.IsKnown)
            throw Invalid("the version is not on the ladder", "version");
        if (receipt.Signature is not { Length: > 0 and <= MaxSignature })
            throw Invalid($"a signature has at most {MaxSignature} bytes", "signature");
        return (receipt, serial);

        ProblemException Invalid(string detail, string field) => new(LicensingProblem.InvalidField, detail, $"receipts[{index}].{field}");
    }

    private static bool Adopt(LedgerBatch batch, JoinedHost host, Receipt receipt, CalSerial serial, byte[] toBeSigned)
    {
        if (receipt.ExpiresAt <= batch.Now || batch.License(serial) is not null)
            return false;
        var hardwareId = Convert.FromHexString(receipt.HardwareId);
        var key = DeviceKey.Of(hardwareId, receipt.ClientName);
        var known = batch.LiveOf(key);
        // A receipt of before its last renewal, which the ledger knows.
        if (known is { Kind: LicenseKind.Permanent } && known.NotBefore >= receipt.IssuedAt)
            return false;
        if (known is not null)
            batch.Replace(known);
        batch.Add("license-adopted", new License
        {
            Serial = serial,
            DeviceId = known?.DeviceId ?? Guid.CreateVersion7(batch.Now),
            DeviceKey = key,
            HardwareId = hardwareId,
            ClientName = receipt.ClientName,
            HostId = host.HostId,
            Version = receipt.Version,
            NotBefore = receipt.IssuedAt,
            NotAfter = receipt.ExpiresAt,
            ToBeSigned = toBeSigned,
            Kind = LicenseKind.Permanent,
            PackId = receipt.PackId,
            Account = known?.Account,
        });
        batch.Pack(receipt.PackId)?.AdoptSeat();
        return true;
    }

    private sealed record Taken(bool Wanted, bool Began, bool Ended, int Adopted);
}
