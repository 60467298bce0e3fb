using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Transfers;

/// <summary>
/// <c>POST /v1/transfers</c>: 1. in one transaction the key packs are signed away: nothing is issued of them any more, and what was issued is marked as
/// transferred; 2. the statement is signed; 3. file and statement are answered. <c>DELETE /v1/transfers/{id}</c> takes it back, by one of the key packs:
/// 1. the clearinghouse says that it is not too late; 2. in one transaction all of it is as it was.
/// </summary>
internal static class TransferPacks
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/transfers", Transfer).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<TransferPacksRequest>().Answers<TransferFile>("Signs key packs away to another license server, with what was issued of them; the same again gets the same file.");
        routes.MapDelete("/v1/transfers/{id}", Undo).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<TransferUndone>("Takes a transfer back that was not received yet, by one of its key packs.");
    }

    private static async Task Transfer(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.TransferPacksRequest).ConfigureAwait(false);
        var packs = (request.KeyPacks ?? []).Distinct().OrderBy(Name, StringComparer.Ordinal).ToList();
        if (packs.Count is 0 or > TransferStatement.MaxKeyPacks)
            throw new ProblemException(LicensingProblem.InvalidField, $"keyPacks has 1 to {TransferStatement.MaxKeyPacks} key packs, not {packs.Count}", "keyPacks");
        if (!LicenseServerId.TryParse(Json.Require(request.To, "to"), out var to, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "to");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var own = ledger.Identity.Current;
        if (!own.IsActivated)
            throw new ProblemException(LicensingProblem.NotActivated, "the license server is not activated, and has no key packs");
        if (to.Text == own.Id.Text)
            throw new ProblemException(LicensingProblem.InvalidField, "to is this very license server", "to");
        var ((transfer, isNew), _) = await ledger.WorkAsync(batch => Transfer(batch, own.Key.Fingerprint, to, packs), context.RequestAborted).ConfigureAwait(false);
        if (isNew)
            Log.PacksTransferred(context.RequestServices.GetRequiredService<ILogger<Ledger>>(), to.Text, packs.Count, TransferStatement.Decode(transfer.Payload).Rows);
        context.RequestServices.GetRequiredService<LicenseServerOptions>().AfterStep?.Invoke(SuccessionStep.TransferStored);
        var file = new TransferFile(own.Key.SignStatement(transfer.Payload), CertificateChain.ToPem(own.Chain), transfer.Rows);
        await Json.WriteAsync(context, file, ContractsJson.Default.TransferFile).ConfigureAwait(false);
    }

    private static (OutgoingTransfer Transfer, bool IsNew) Transfer(LedgerBatch batch, KeyFingerprint source, LicenseServerId to, List<Guid> packs)
    {
        if (batch.CountedPack(packs[0]) is { TransferId: { } known } && batch.Db.Transfers.AsNoTracking().Single(row => row.TransferId == known) is var before
            && TransferStatement.Decode(before.Payload) is var said)
            return said.KeyPacks.SequenceEqual(packs) && before.Target == to.Text ? (before, false)
                : throw new ProblemException(
                    LicensingProblem.RuleForbids, $"key pack {packs[0]} was signed away on {before.At:yyyy-MM-dd}, to license server {before.Target}, with {said.KeyPacks.Count} key packs in all; the same again gets the same file", "to");
        var parts = packs.SelectMany(pack => PartsOf(batch, pack)).ToList();
        var now = batch.Now;
        Guid[] numbers = [.. parts.Select(part => part.PackId)];
        var licenses = batch.Db.Licenses.AsNoTracking().Where(row => row.Status == LicenseStatus.Live && row.PackId != null && numbers.Contains(row.PackId.Value)).OrderBy(row => row.Id)
            .Take(TransferStatement.MaxRows + 1).ToList().ConvertAll(batch.Rows.Attach);
        var users = batch.Db.UserCals.AsNoTracking().Where(row => row.State == UserCalState.Live && row.PackId != null && numbers.Contains(row.PackId.Value)).OrderBy(row => row.Id)
            .Take(TransferStatement.MaxRows + 1).ToList().ConvertAll(batch.Rows.Attach);
        if (licenses.Count + users.Count > TransferStatement.MaxRows)
            throw new ProblemException(LicensingProblem.RuleForbids, $"more than {TransferStatement.MaxRows} CALs of these key packs are issued; transfer fewer at a time", "keyPacks");
        var rows = RowsOf(parts, licenses, users).Encode();
        var statement = new TransferStatement(Guid.CreateVersion7(now), source, to.Text, packs, licenses.Count + users.Count, SHA256.HashData(rows), now);
        if (rows.Length > TransferFile.MaxLength / 2)
            throw new ProblemException(LicensingProblem.RuleForbids, $"what is issued of these key packs has {rows.Length} bytes; at most {TransferFile.MaxLength / 2} are carried at a time. Transfer fewer", "keyPacks");
        var transfer = new OutgoingTransfer { TransferId = statement.TransferId, Target = to.Text, Payload = statement.Encode(), Rows = rows, At = now };
        batch.Db.Add(transfer);
        Enter(batch, "packs-transferred", transfer);
        foreach (var license in licenses)
        {
            license.Transfer();
            batch.Pack(license.PackId)?.ReturnSeat();
            batch.Record("license-transferred", license);
        }

        foreach (var user in users)
            batch.End("user-cal-transferred", user, UserCalState.Transferred);
        foreach (var part in parts)
        {
            (part.RemovedAt, part.TransferId) = (now, statement.TransferId);
            batch.Enter("pack-transferred", part);
        }

        return (transfer, true);
    }

    // A pack that was converted in parts goes whole: its statement is one.
    private static List<Pack> PartsOf(LedgerBatch batch, Guid packId)
    {
        var parts = batch.Db.Packs.AsTracking().ToList().FindAll(pack => OutdatedDocuments.StatementOf(pack)?.PackId == packId);
        if (parts.Count == 0)
            throw new ProblemException(LicensingProblem.NotFound, $"no key pack {packId} is installed; a part that was converted goes with the pack that it was split off", "keyPacks");
        return parts.Find(part => part.RemovedAt is not null || part.RevokedAt is not null) is { } gone
            ? throw new ProblemException(LicensingProblem.RuleForbids, $"key pack {gone.PackId} is {(gone.TransferId is not null ? "signed away already" : gone.RemovedAt is not null ? "removed; install its product key again first" : "revoked by the publisher")}", "keyPacks")
            : parts;
    }

    private static TransferRows RowsOf(List<Pack> parts, List<License> licenses, List<UserCal> users) => new(
        [.. parts.Select(part => new TransferredPart(part.PackId, OutdatedDocuments.StatementOf(part)!.PackId, part.Type, part.Quantity, part.SplitFrom))],
        [.. licenses.Select(row => new TransferredCal(
            row.Serial.ToString(), row.PackId!.Value, Convert.ToHexStringLower(row.HardwareId), row.ClientName, row.HostId, row.Version, row.NotBefore, row.NotAfter, row.ToBeSigned, row.Account))],
        [.. users.Select(row => new TransferredUserCal(
            row.Serial.ToString(), row.PackId!.Value, row.Name, row.Realm, row.StableId, row.AccountHostId, row.HostId, row.Version, row.AssignedAt, row.LastLogonAt, row.ExpiresAt))]);

    private static async Task Undo(HttpContext context)
    {
        if (!Guid.TryParse(context.Request.RouteValues["id"] as string, out var packId))
            throw new ProblemException(LicensingProblem.InvalidField, "a key pack is named by its UUID", "id");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        OutgoingTransfer? transfer;
        await using (var db = ledger.Database.OpenReader())
        {
            var pack = await db.Packs.SingleOrDefaultAsync(row => row.PackId == packId, context.RequestAborted).ConfigureAwait(false);
            transfer = pack?.TransferId is { } id ? await db.Transfers.SingleAsync(row => row.TransferId == id, context.RequestAborted).ConfigureAwait(false)
                : throw new ProblemException(LicensingProblem.NotFound, $"key pack {packId} was not signed away", "id");
        }

        var undo = new TransferUndoStatement(transfer.TransferId, ledger.Identity.Key.Fingerprint, DateTimeOffset.FromUnixTimeSeconds(ledger.Clock.GetUtcNow().ToUnixTimeSeconds()));
        await context.RequestServices.GetRequiredService<ClearinghouseConnection>().Client.UndoTransferAsync(new(ledger.Identity.Key.SignStatement(undo.Encode())), context.RequestAborted).ConfigureAwait(false);
        var (undone, _) = await ledger.WorkAsync(batch => Undo(batch, transfer.TransferId), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, undone, ContractsJson.Default.TransferUndone).ConfigureAwait(false);
    }

    private static TransferUndone Undo(LedgerBatch batch, Guid transferId)
    {
        var transfer = batch.Db.Transfers.AsTracking().Single(row => row.TransferId == transferId);
        var said = TransferStatement.Decode(transfer.Payload);
        if (transfer.UndoneAt is not null)
            return new(transferId, said.KeyPacks, 0);
        transfer.UndoneAt = batch.Now;
        Enter(batch, "transfer-undone", transfer);
        var rows = TransferRows.Decode(transfer.Rows) ?? throw new InvalidDataException($"the rows of transfer {transferId} are damaged");
        foreach (var part in rows.Parts)
        {
            var pack = batch.Pack(part.PackId) ?? throw new InvalidDataException($"key pack {part.PackId} is gone");
            (pack.RemovedAt, pack.TransferId) = (null, null);
            batch.Enter("pack-restored", pack);
        }

        var returned = 0;
        foreach (var row in rows.Cals)
            if (CalSerial.TryParse(row.Serial, out var serial) && batch.License(serial) is { Status: LicenseStatus.Transferred } license && batch.LiveOf(license.DeviceKey) is not { Kind: LicenseKind.Permanent })
            {
                license.Return();
                batch.Pack(license.PackId)?.AdoptSeat();
                batch.Record("license-returned", license);
                returned++;
            }

        foreach (var row in rows.UserCals)
            if (CalSerial.TryParse(row.Serial, out var serial) && batch.Db.UserCals.AsNoTracking().SingleOrDefault(cal => cal.Serial == serial) is { State: UserCalState.Transferred } stored
                && !batch.Db.UserCals.Any(cal => cal.PersonKey == stored.PersonKey && cal.State == UserCalState.Live))
            {
                var user = batch.Rows.Attach(stored);
                user.State = UserCalState.Live;
                batch.Pack(user.PackId)?.AdoptSeat();
                batch.Record("user-cal-returned", user);
                returned++;
            }

        return new(transferId, said.KeyPacks, returned);
    }

    private static void Enter(LedgerBatch batch, string kind, OutgoingTransfer transfer) => batch.Audit(kind, CanonicalContent.Transfers, transfer.TransferId.ToString(), number =>
    {
        transfer.LedgerNumber = number;
        return CanonicalContent.Of(transfer);
    });

    private static string Name(Guid pack) => Convert.ToHexStringLower(pack.ToByteArray(bigEndian: true));
}
