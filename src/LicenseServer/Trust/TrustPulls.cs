using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Succession;

namespace Ostiary.LicenseServer.Trust;

/// <summary>
/// Follows the publisher: at the start, every day, and when a document leads to no root that is known, the clearinghouse is asked for roots, withdrawn
/// issuing keys and its revocation list. 1. What holds of the answer is taken; 2. documents of this license server that a withdrawn key has signed are fetched
/// again; 3. all of it is in the ledger in one transaction. Until then nothing has changed: what cannot be fetched now is fetched later.
/// </summary>
internal sealed class TrustPulls(Ledger ledger, ClearinghouseConnection clearinghouse, Succeeding succeeding, PublisherHead head, ILogger<TrustPulls> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromDays(1);
    public static readonly TimeSpan AgainAfter = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _taking = new(1);
    private string? _said;

    /// <summary>Asks once. Does not fail: what keeps it from knowing is logged.</summary>
    /// <returns>Whether the clearinghouse was heard.</returns>
    public async Task<bool> TryPullAsync(CancellationToken cancellation)
    {
        if (clearinghouse.Address is null || !clearinghouse.HasRoot)
            return true;
        try
        {
            // The documents first: where they revoke a key whose successor is named, that one is in place before they are taken, and nobody is refused between the two.
            var documents = await clearinghouse.Client.TrustAsync(cancellation).ConfigureAwait(false);
            var goneOn = await succeeding.GoOnAsync(cancellation).ConfigureAwait(false);
            await TakeAsync(documents, cancellation).ConfigureAwait(false);
            await succeeding.RefreshAsync(cancellation).ConfigureAwait(false);
            await head.TryPullAsync(cancellation).ConfigureAwait(false);
            _said = null;
            return goneOn;
        }
        catch (ProblemException problem)
        {
            if (_said != problem.Message)
                Log.TrustNotPulled(logger, problem.Message);
            _said = problem.Message;
            return false;
        }
    }

    /// <summary>The issuing certificate of an answer. Where it leads to no root that is known, the clearinghouse is asked for others first.</summary>
    /// <exception cref="ProblemException">It leads to none.</exception>
    public async Task<X509Certificate2> ReadIssuingAsync(string pem, CancellationToken cancellation)
    {
        try
        {
            return clearinghouse.ReadIssuing(pem);
        }
        catch (ProblemException problem) when (problem.Problem == LicensingProblem.SignatureInvalid && clearinghouse.Address is not null)
        {
            if (!await TryPullAsync(cancellation).ConfigureAwait(false))
                throw;
            return clearinghouse.ReadIssuing(pem);
        }
    }

    /// <summary>Takes what holds of documents from anywhere.</summary>
    /// <exception cref="ProblemException">Documents are to be replaced, and the clearinghouse was not heard: nothing is taken.</exception>
    public async Task TakeAsync(TrustDocuments documents, CancellationToken cancellation)
    {
        await _taking.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await TakeAloneAsync(documents, FetchAsync, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _taking.Release();
        }
    }

    /// <summary>
    /// Takes what holds of documents that came by hand. Where documents of this license server are to be replaced, nothing is taken before the clearinghouse's
    /// answers have come by hand, too.
    /// </summary>
    /// <param name="documents">From anywhere.</param>
    /// <param name="answers">From anywhere, as many as there were requests; empty at first.</param>
    /// <param name="cancellation">The request's.</param>
    /// <returns>What is to be asked first; empty when all is taken.</returns>
    /// <exception cref="ProblemException">An answer does not hold, or there are not as many as requests.</exception>
    public async Task<IReadOnlyList<byte[]>> InstallAsync(TrustDocuments documents, IReadOnlyList<CarriedDocuments> answers, CancellationToken cancellation)
    {
        IReadOnlyList<byte[]> requests = [];
        await _taking.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await TakeAloneAsync(documents, ReadAsync, cancellation).ConfigureAwait(false);
            return requests;
        }
        finally
        {
            _taking.Release();
        }

        async Task<Replacements?> ReadAsync(PublisherTrust next, OutdatedDocuments outdated, CancellationToken ended)
        {
            var asked = await Replacements.RequestsAsync(ledger, outdated, ended).ConfigureAwait(false);
            if (answers.Count == 0)
            {
                requests = asked;
                return null;
            }

            return answers.Count == asked.Count
                ? await Replacements.ReadAsync(ledger, next, outdated, answers.Select(Replacements.Of), ended).ConfigureAwait(false)
                : throw new ProblemException(LicensingProblem.InvalidField, $"there are {answers.Count} response codes, and {asked.Count} requests were to be carried", "responseCodes");
        }
    }

    public override void Dispose()
    {
        _taking.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var heard = await TryPullAsync(stoppingToken).ConfigureAwait(false);
            await Task.Delay(heard ? Interval : AgainAfter, ledger.Clock, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task TakeAloneAsync(
        TrustDocuments documents, Func<PublisherTrust, OutdatedDocuments, CancellationToken, Task<Replacements?>> replace, CancellationToken cancellation)
    {
        var before = clearinghouse.Trust;
        var next = before.Take(documents, ledger.Clock.GetUtcNow());
        if (ledger.Identity.Current.Trust is null)
        {
            clearinghouse.Know(next);
            return;
        }

        var outdated = await OutdatedDocuments.FindAsync(ledger, next, cancellation).ConfigureAwait(false);
        if (ReferenceEquals(before, next) && !outdated.Any)
            return;
        var replaced = outdated.Any ? await replace(next, outdated, cancellation).ConfigureAwait(false) : Replacements.None;
        if (replaced is null)
            return;
        if (ReferenceEquals(before, next) && replaced is { Certificate: null, KeyPacks.Count: 0 })
            return;
        var ((row, revoked), _) = await ledger.WorkAsync(batch => RecordTrust.Record(batch, next, outdated, replaced), cancellation).ConfigureAwait(false);
        ledger.Recertify(row);
        if (!ReferenceEquals(before, next))
            Log.TrustTaken(logger, next.Roots.Count, next.Withdrawals?.Number ?? 0, next.Revocations?.Number ?? 0);
        foreach (var pack in revoked)
            Log.PackRevoked(logger, pack.PackId, pack.RevocationReason ?? "");
        if (ledger.Identity.Current.WhyIssuesNothing is { } why)
            Log.IssuesNothing(logger, why.Text);
    }

    private async Task<Replacements?> FetchAsync(PublisherTrust next, OutdatedDocuments outdated, CancellationToken cancellation)
    {
        try
        {
            var replaced = await Replacements.FetchAsync(ledger, clearinghouse.Client, next, outdated, cancellation).ConfigureAwait(false);
            Log.DocumentsReplaced(logger, replaced.Certificate is not null, replaced.KeyPacks.Count);
            return replaced;
        }
        catch (ProblemException refused) when (refused.Problem is LicensingProblem.NotActivated or LicensingProblem.NotAllowed or LicensingProblem.NotFound)
        {
            // The clearinghouse was heard, and does not know this license server or has revoked it: what a withdrawn key has signed is good for nothing.
            Log.DocumentsNotReplaced(logger, refused.Message);
            return Replacements.None;
        }
    }
}
