using System.Formats.Cbor;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Transfers;

/// <summary>
/// <c>POST /v1/key-packs/transfers</c>: 1. the statement is the source's, and the request its target's; 2. in one transaction the source's key packs are revoked,
/// and others are made of their product keys for the target; 3. those are signed, and the revocation list; 4. what is stored is answered.
/// <c>POST /v1/key-packs/transfers/undo</c>: the source takes it back, as long as step 2 was not done.
/// </summary>
internal sealed class MovePacks(ClearinghouseOptions options, Database database, Activations activations, Redemptions redemptions, RevocationLists lists, TimeProvider time)
{
    public async Task<JsonHttpResult<MovePacksResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.MovePacksRequest);
        var target = KeyFingerprint.Of(ActivateLicenseServer.Proven(Json.Require(body.Request, "request"), Json.Require(body.Proof, "proof")).SubjectPublicKeyInfo());
        var message = Json.Require(body.Statement, "statement");
        var claimed = Read(message, TransferStatement.Decode);
        if (claimed.Target != LicenseServerId.Of(target).Text)
            throw new ProblemException(LicensingProblem.RuleForbids, $"the transfer is for license server {claimed.Target}, and it is {LicenseServerId.Of(target)} that asks", "statement");
        await RequireSignedAsync(message, claimed.Source, cancellation);
        using var known = await activations.IdentifyAsync(LicenseServerId.Of(target), cancellation);
        await lists.RequireGoodAsync(target, cancellation);
        await lists.RequireGoodAsync(claimed.Source, cancellation);
        await database.WriteAsync(store => MoveAsync(store, claimed, target, cancellation), cancellation);
        options.AfterStep?.Invoke(IssuanceStep.TransferStored);
        var moved = new List<MovedPack>();
        foreach (var from in claimed.KeyPacks)
        {
            var pack = await redemptions.FindAsync(NumberOf(from, target), target, cancellation) ?? throw new InvalidOperationException($"key pack {from} was moved and is not there");
            var signed = await redemptions.SignAgainAsync(pack, cancellation);
            moved.Add(new(from, new(signed.Statement!, CertificateChain.ToPem([redemptions.IssuerOf(signed)]))));
        }

        options.AfterStep?.Invoke(IssuanceStep.TransferSigned);
        var name = RevocationLists.NameOf(claimed.KeyPacks[^1]);
        var entry = await database.ReadAsync(store => store.Revocations.AsNoTracking().SingleAsync(row => row.Subject == name && row.LiftedAt == null, cancellation), cancellation);
        if (await lists.NumberSinceAsync(entry, cancellation) is null)
            await lists.IssueAsync(cancellation);
        return TypedResults.Json(new MovePacksResponse(moved), ContractsJson.Default.MovePacksResponse);
    }

    public async Task<JsonHttpResult<UndoTransferRequest>> UndoAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.UndoTransferRequest);
        var message = Json.Require(body.Statement, "statement");
        var claimed = Read(message, TransferUndoStatement.Decode);
        await RequireSignedAsync(message, claimed.Source, cancellation);
        await database.WriteAsync(
            async store =>
            {
                if (await store.Transfers.SingleOrDefaultAsync(row => row.TransferId == claimed.TransferId, cancellation) is { } before)
                    return before.Source == claimed.Source.Hex && before.Target is null ? true
                        : throw new ProblemException(LicensingProblem.RuleForbids, $"the key packs were moved to {NameOf(before.Target)} on {before.At:yyyy-MM-dd}: it is too late to take the transfer back. That license server can transfer them");
                store.Transfers.Add(new() { TransferId = claimed.TransferId, Source = claimed.Source.Hex, At = time.GetUtcNow() });
                store.AppendAudit("transfer-undone", $"transfer {claimed.TransferId}, license server {LicenseServerId.Of(claimed.Source)}", message, time.GetUtcNow());
                return true;
            },
            cancellation);
        return TypedResults.Json(body, ContractsJson.Default.UndoTransferRequest);
    }

    /// <summary>The number under which a license server has a key pack that was another's (a UUID of version 8): the same for the same two.</summary>
    public static Guid NumberOf(Guid from, KeyFingerprint target)
    {
        var bytes = SHA256.HashData([.. "Ostiary transferred key pack"u8, .. from.ToByteArray(bigEndian: true), .. target.Bytes]).AsSpan(0, 16);
        bytes[6] = (byte)(0x80 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new(bytes, bigEndian: true);
    }

    private async Task<bool> MoveAsync(ClearinghouseStore store, TransferStatement statement, KeyFingerprint to, CancellationToken cancellation)
    {
        if (await store.Transfers.SingleOrDefaultAsync(row => row.TransferId == statement.TransferId, cancellation) is { } before)
            return before.Source == statement.Source.Hex && before.Target == to.Hex ? true
                : throw new ProblemException(LicensingProblem.RuleForbids, before.Target is null ? $"the transfer was taken back on {before.At:yyyy-MM-dd}" : $"the transfer went to {NameOf(before.Target)}", "statement");
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var (source, target) = (LicenseServerId.Of(statement.Source), LicenseServerId.Of(to));
        foreach (var from in statement.KeyPacks)
        {
            var name = RevocationLists.NameOf(from);
            if (await store.KeyPacks.SingleOrDefaultAsync(row => row.PackId == from && row.LicenseServer == statement.Source.Hex && row.TransferredAt == null, cancellation) is not { } pack
                || await store.Revocations.AnyAsync(row => row.Subject == name && row.LiftedAt == null, cancellation))
                throw new ProblemException(LicensingProblem.RuleForbids, $"key pack {from} is not, or no longer, license server {source}'s", "statement");
            var number = NumberOf(from, to);
            if (await store.KeyPacks.AnyAsync(row => row.PackId == number, cancellation))
                throw new ProblemException(LicensingProblem.RuleForbids, $"license server {target} has had key pack {from} before; what was revoked stays so. Ask the publisher for another product key", "statement");
            await RevocationLists.RequireRoomAsync(store, isLicenseServer: false, cancellation);
            store.Revocations.Add(new() { Subject = name, IsLicenseServer = false, Reason = ClearinghouseRevocationReason.Superseded, RevokedAt = now });
            pack.TransferredAt = now;
            // One product key, one pack: the old one goes before the new one comes.
            await store.SaveChangesAsync(cancellation);
            var payload = (KeyPackStatement.Decode(pack.Payload) with { PackId = number, LicenseServer = to, IssuedAt = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) }).Encode();
            store.KeyPacks.Add(new() { PackId = number, ProductKeyId = pack.ProductKeyId, LicenseServer = to.Hex, Payload = payload });
            (await store.ProductKeys.SingleAsync(row => row.Id == pack.ProductKeyId, cancellation)).Move(target, number);
            await store.AppendToBeSignedAsync(
                SignedKind.KeyPack, "key-pack-moved", $"transfer {statement.TransferId}, key pack {from}, license server {source}, to license server {target} as key pack {number}", payload, now, cancellation);
        }

        store.Transfers.Add(new() { TransferId = statement.TransferId, Source = statement.Source.Hex, Target = to.Hex, At = now });
        return true;
    }

    private async Task RequireSignedAsync(byte[] message, KeyFingerprint source, CancellationToken cancellation)
    {
        using var known = await activations.IdentifyAsync(LicenseServerId.Of(source), cancellation);
        if (!Statement.TryVerify(message, known.Key, out _))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "statement is not signed by the license server that it names", "statement");
    }

    private static string NameOf(string? key) => KeyFingerprint.TryParse(key, out var fingerprint) ? $"license server {LicenseServerId.Of(fingerprint)}" : "nobody";

    private static T Read<T>(byte[] message, Func<ReadOnlyMemory<byte>, T> decode)
    {
        try
        {
            if (Statement.TryReadUnverified(message, out var payload))
                return decode(payload);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, malformed.Message, "statement");
        }

        throw new ProblemException(LicensingProblem.InvalidField, "statement is not a signed one", "statement");
    }
}
