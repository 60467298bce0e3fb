using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Succession;

/// <summary>
/// The license server's key is followed by another: 1. a new key is in a file of its own; 2. what the old key will sign is in the ledger; 3. the clearinghouse
/// certifies the new key and signs the key packs for it; 4. all of it is fetched and checked; 5. one transaction, after which the new key is in use; 6. its file
/// takes the old one's place. Run again it goes on where it was. Or this license server stands in the place of one that is lost: then its key stays.
/// </summary>
internal sealed class Succeeding(Ledger ledger, ClearinghouseConnection clearinghouse, LicenseServerOptions options, ILogger<Succeeding> logger) : IDisposable
{
    /// <summary>The same command so soon after the switch is one whose answer was lost.</summary>
    private static readonly TimeSpan SameWithin = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _running = new(1);
    private string? _said;

    public static SuccessionStatus StatusOf(KeySuccession row) => new(IdOf(row.Old).Text, IdOf(row.New).Text, row.Cause, row.Reason, row.SwitchedAt);

    /// <summary>As an administrator wants it.</summary>
    /// <exception cref="ProblemException">The clearinghouse was not heard, or says no, or waits for the publisher.</exception>
    public async Task SucceedAsync(SuccessionCause cause, string? reason, CancellationToken cancellation)
    {
        if (!ledger.Identity.Current.IsActivated)
            throw new ProblemException(LicensingProblem.NotActivated, "the license server is not activated: nobody holds anything of its key but temporary CALs. Activate it first (ostiary server activate)");
        await AloneAsync(
            async () =>
            {
                if (cause == SuccessionCause.Lost)
                    await TakePlaceAsync(reason, cancellation).ConfigureAwait(false);
                else if (ledger.Identity.Current.Predecessors is not [.., var last] || last.Cause != cause || ledger.Clock.GetUtcNow() - last.SwitchedAt > SameWithin)
                    await FollowAsync(cause, reason, cancellation).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Goes on with what is under way, if anything is.</summary>
    /// <returns>Whether there is nothing left to go on with.</returns>
    /// <exception cref="ProblemException">The clearinghouse has named the successor, and it cannot be put in place now.</exception>
    public async Task<bool> GoOnAsync(CancellationToken cancellation)
    {
        if (await PendingAsync(cancellation).ConfigureAwait(false) is null)
            return true;
        try
        {
            await AloneAsync(
                async () =>
                {
                    if (await PendingAsync(cancellation).ConfigureAwait(false) is { } still)
                        await FollowAsync(still.Cause, still.Reason, cancellation).ConfigureAwait(false);
                },
                cancellation).ConfigureAwait(false);
            return true;
        }
        catch (ProblemException waits) when (waits.Problem is LicensingProblem.RuleForbids or LicensingProblem.NotAllowed)
        {
            // The publisher has not said it yet.
            if (_said != waits.Message)
                Log.SuccessionWaits(logger, waits.Message);
            _said = waits.Message;
            return false;
        }
    }

    /// <summary>Statements of keys that are good for nothing any more are asked for again: hosts that were off follow by the new ones.</summary>
    /// <exception cref="ProblemException">The clearinghouse was not heard, or its answer does not hold.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        var identity = ledger.Identity.Current;
        var now = ledger.Clock.GetUtcNow();
        if (identity.Trust is not { } trust || identity.Predecessors is not [.., var last] || last.Document is not { } document || ProvenSuccession.Verify(document, trust, now) is not null)
            return;
        var asked = await Activate.AcceptedAsync(ledger, cancellation).ConfigureAwait(false);
        var answer = await AskAsync(identity.Key, asked, null, cancellation).ConfigureAwait(false);
        if (ProvenSuccession.Verify(new(answer.Statement, answer.OldCertificates, answer.IssuingCertificate), trust, now) is not { } proven || proven.Statement.Old != last.Fingerprint)
        {
            // The old key was revoked, and the publisher has not said that this one follows it all the same (ostiary clearinghouse servers succeed).
            Log.SuccessionWaits(logger, $"the publisher has not signed that {IdOf(last.Fingerprint.Hex)} is followed");
            return;
        }

        var (rows, _) = await ledger.WorkAsync(batch => SignAgain(batch, proven), cancellation).ConfigureAwait(false);
        ledger.Know([.. rows.Select(row => Predecessor.Of(row, identity.Predecessors.FirstOrDefault(before => before.Fingerprint.Hex == row.Old)?.Retired))]);
    }

    public void Dispose() => _running.Dispose();

    private async Task AloneAsync(Func<Task> work, CancellationToken cancellation)
    {
        await _running.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            _running.Release();
        }
    }

    private async Task FollowAsync(SuccessionCause cause, string? reason, CancellationToken cancellation)
    {
        // Before anything is made: without a clearinghouse nothing can follow.
        _ = clearinghouse.Client;

        // Step 1.
        var next = new SigningKey(PrivateKeyFile.OpenOrCreate(LicenseServerIdentity.NextKeyFile(options.KeyFile)));
        var kept = false;
        try
        {
            options.AfterStep?.Invoke(SuccessionStep.KeyMade);

            // Step 2: what will be signed is stored and committed, then signed.
            var old = ledger.Identity.Key;
            var (row, _) = await ledger.WorkAsync(batch => Prepare(batch, old.Fingerprint, next.Fingerprint, cause, reason), cancellation).ConfigureAwait(false);
            options.AfterStep?.Invoke(SuccessionStep.Prepared);

            // Step 3.
            var asked = next.Request(ActivationKind.Activate, (uint)row.Nonce);
            var answer = await AskAsync(next, asked, old.SignStatement(row.Payload), cancellation).ConfigureAwait(false);
            options.AfterStep?.Invoke(SuccessionStep.Answered);

            // Step 4.
            var now = ledger.Clock.GetUtcNow();
            var trust = await NewestTrustAsync(now, cancellation).ConfigureAwait(false);
            var proven = Check(answer, next.Fingerprint, trust, now);
            if (proven.Statement.Old != old.Fingerprint)
                throw Invalid("it is of another key than this license server's");
            var (own, issuing) = Replacements.ReadCertificate(answer.Activation, asked, trust, now);
            var known = await KnownPacksAsync(cancellation).ConfigureAwait(false);
            var packs = await Replacements.FetchAsync(
                next, asked, clearinghouse.Client, trust, now, wantsCertificate: false, answer.KeyPacks.Where(known.ContainsKey),
                statement => known.TryGetValue(statement.PackId, out var before) && before with { LicenseServer = next.Fingerprint, IssuedAt = statement.IssuedAt } == statement, cancellation).ConfigureAwait(false);
            options.AfterStep?.Invoke(SuccessionStep.PacksFetched);

            // Step 5.
            await ledger.SucceedAsync(
                next, batch => Switch(batch, proven, old, row.Reason, identity => identity.Succeed(own, issuing, row.Nonce), packs), cancellation).ConfigureAwait(false);
            kept = true;
            options.AfterStep?.Invoke(SuccessionStep.Switched);

            // Step 6.
            PrivateKeyFile.Replace(LicenseServerIdentity.NextKeyFile(options.KeyFile), options.KeyFile);
            Log.KeySucceeded(logger, KebabCase.Of(proven.Statement.Cause), IdOf(row.Old).Text, IdOf(row.New).Text, packs.KeyPacks.Count);
        }
        finally
        {
            if (!kept)
                next.Dispose();
        }
    }

    // The key stays; packs come that the ledger does not know, and the CALs that were issued of them come from the hosts.
    private async Task TakePlaceAsync(string? reason, CancellationToken cancellation)
    {
        var key = ledger.Identity.Key;
        var asked = await Activate.AcceptedAsync(ledger, cancellation).ConfigureAwait(false);
        var answer = await AskAsync(key, asked, null, cancellation).ConfigureAwait(false);
        var now = ledger.Clock.GetUtcNow();
        var trust = await NewestTrustAsync(now, cancellation).ConfigureAwait(false);
        var proven = Check(answer, key.Fingerprint, trust, now);
        if (ledger.Identity.Current.Predecessors.Any(before => before.Fingerprint == proven.Statement.Old))
            return;
        var packs = await Replacements.FetchAsync(
            key, asked, clearinghouse.Client, trust, now, wantsCertificate: false, answer.KeyPacks,
            statement => statement.LicenseServer == key.Fingerprint && answer.KeyPacks.Contains(statement.PackId), cancellation).ConfigureAwait(false);
        options.AfterStep?.Invoke(SuccessionStep.PacksFetched);
        await ledger.SucceedAsync(key, batch => Switch(batch, proven, null, reason, _ => { }, packs), cancellation).ConfigureAwait(false);
        Log.KeySucceeded(logger, KebabCase.Of(proven.Statement.Cause), IdOf(proven.Statement.Old.Hex).Text, IdOf(proven.Statement.New.Hex).Text, packs.KeyPacks.Count);
    }

    private Task<SucceedResponse> AskAsync(SigningKey key, ActivationRequest asked, byte[]? statement, CancellationToken cancellation)
    {
        var encoded = asked.Encode();
        return clearinghouse.Client.SucceedAsync(new(encoded, key.Sign(ActivateRequest.ToBeProven(encoded)), statement), cancellation);
    }

    // An issuing key that is not known here yet may have signed. What is taken here is not kept: it may revoke the key that is in use.
    private async Task<PublisherTrust> NewestTrustAsync(DateTimeOffset now, CancellationToken cancellation)
        => clearinghouse.Trust.Take(await clearinghouse.Client.TrustAsync(cancellation).ConfigureAwait(false), now);

    private static ProvenSuccession Check(SucceedResponse answer, KeyFingerprint next, PublisherTrust trust, DateTimeOffset now)
    {
        if (answer.KeyPacks is null || answer.Activation is null)
            throw Invalid("it is not whole");
        var proven = ProvenSuccession.Verify(new(answer.Statement, answer.OldCertificates, answer.IssuingCertificate), trust, now) ?? throw Invalid("neither the old key nor an issuing key has signed it");
        return proven.Statement.New == next ? proven : throw Invalid("it is for another key");
    }

    private async Task<KeySuccession?> PendingAsync(CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        return await db.Successions.SingleOrDefaultAsync(row => row.SwitchedAt == null, cancellation).ConfigureAwait(false);
    }

    private async Task<Dictionary<Guid, KeyPackStatement>> KnownPacksAsync(CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        var packs = await db.Packs.ToListAsync(cancellation).ConfigureAwait(false);
        return packs.Select(OutdatedDocuments.StatementOf).OfType<KeyPackStatement>().DistinctBy(statement => statement.PackId).ToDictionary(statement => statement.PackId);
    }

    private static KeySuccession Prepare(LedgerBatch batch, KeyFingerprint old, KeyFingerprint next, SuccessionCause cause, string? reason)
    {
        var row = batch.Db.Successions.AsTracking().SingleOrDefault(row => row.SwitchedAt == null);
        if (row is not null && row.New == next.Hex && row.Cause == cause)
            return row;
        var payload = new SuccessionStatement(old, next, cause, batch.Now).Encode();
        if (row is null)
        {
            row = new()
            {
                Old = old.Hex,
                New = next.Hex,
                Cause = cause,
                Reason = reason,
                PreparedAt = batch.Now,
                Payload = payload,
                Nonce = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))),
            };
            batch.Db.Add(row);
        }
        else
        {
            (row.New, row.Cause, row.Reason, row.Payload) = (next.Hex, cause, reason ?? row.Reason, payload);
        }

        Enter(batch, "succession-prepared", row);
        return row;
    }

    private static (IdentityRow Identity, Predecessor Before) Switch(
        LedgerBatch batch, ProvenSuccession proven, SigningKey? retired, string? reason, Action<IdentityRow> change, Replacements packs)
    {
        var (statement, document) = (proven.Statement, proven.Document);
        var row = batch.Db.Successions.AsTracking().SingleOrDefault(row => row.Old == statement.Old.Hex);
        if (row is null)
        {
            row = new() { Old = statement.Old.Hex, New = statement.New.Hex, Cause = statement.Cause, Reason = reason, PreparedAt = batch.Now, Payload = statement.Encode(), Nonce = 0 };
            batch.Db.Add(row);
        }

        row.Switch(statement.Cause, document.Statement, document.IssuingCertificate, document.OldCertificates, batch.Now);
        Enter(batch, "key-succeeded", row);
        var identity = batch.Db.Identity.AsTracking().Single();
        change(identity);
        batch.Audit("license-server-succeeded", CanonicalContent.Identity, identity.Id.ToString(CultureInfo.InvariantCulture), number =>
        {
            identity.LedgerNumber = number;
            return CanonicalContent.Of(identity);
        });
        TakePacks(batch, packs);
        // What was answered under the old key is decided anew when it is asked again: who holds what stands in the rows.
        batch.Db.Requests.ExecuteDelete();
        if (retired is null)
            batch.BeginRecovery(batch.HeadNumber + 1);
        return (identity, Predecessor.Of(row, retired));
    }

    private static void TakePacks(LedgerBatch batch, Replacements packs)
    {
        var parts = batch.Db.Packs.AsTracking().ToList().ToLookup(pack => OutdatedDocuments.StatementOf(pack)?.PackId ?? pack.PackId);
        foreach (var (id, signed) in packs.KeyPacks.OrderBy(pair => pair.Key))
        {
            foreach (var part in parts[id])
            {
                part.SignAgain(signed.Statement, signed.IssuingCertificate);
                if (part.RevocationReason == Pack.IssuingKeyWithdrawn)
                    part.LiftRevocation();
                batch.Enter("pack-signed-again", part);
            }

            if (!parts[id].Any())
                Install(batch, signed);
        }
    }

    // Its product key is not known here. Who types it again gets this very pack: its number is the clearinghouse's.
    private static void Install(LedgerBatch batch, ReplacedPack signed)
    {
        Statement.TryReadUnverified(signed.Statement, out var payload);
        var statement = KeyPackStatement.Decode(payload);
        Packs.InstallPack.Install(batch, statement, signed.Statement, signed.IssuingCertificate, SHA256.HashData([.. "Ostiary key pack that followed"u8, .. statement.PackId.ToByteArray()]));
    }

    private static List<KeySuccession> SignAgain(LedgerBatch batch, ProvenSuccession proven)
    {
        var rows = batch.Db.Successions.AsTracking().Where(row => row.SwitchedAt != null).OrderBy(row => row.Id).ToList();
        if (rows.Find(row => row.Old == proven.Statement.Old.Hex) is { } row)
        {
            row.SignAgain(proven.Statement.Cause, proven.Document.Statement, proven.Document.IssuingCertificate);
            Enter(batch, "succession-signed-again", row);
        }

        return rows;
    }

    private static void Enter(LedgerBatch batch, string kind, KeySuccession row) => batch.Audit(kind, CanonicalContent.Successions, row.Old, number =>
    {
        row.LedgerNumber = number;
        return CanonicalContent.Of(row);
    });

    private static LicenseServerId IdOf(string key)
        => KeyFingerprint.TryParse(key, out var fingerprint) ? LicenseServerId.Of(fingerprint) : throw new InvalidDataException($"{key} is no key fingerprint");

    private static ProblemException Invalid(string reason) => new(LicensingProblem.SignatureInvalid, $"the clearinghouse's answer on the succession does not hold: {reason}");
}
