using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;

namespace Ostiary.Clearinghouse.Audit;

/// <summary>
/// The head of the audit chain, signed when it has changed, at most once a minute, and published (<c>GET /v1/audit-head</c>). License servers keep the newest that they have
/// seen, so that entries which are cut off or written anew are noticed.
/// </summary>
internal sealed class AuditHeads(Database database, SignerClient signer, Issuers issuers, PublishedTrust trust, TimeProvider time, ILogger<AuditHeads> logger)
{
    private volatile Signed? _newest;

    /// <summary>Signs the head as it is now, unless the newest signed one is it.</summary>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    public async Task KeepFreshAsync(CancellationToken cancellation)
    {
        var head = await database.ReadAsync(store => store.Audit.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefaultAsync(cancellation), cancellation);
        if (head is null || (_newest is { } newest && newest.Number == head.Number && !trust.Current.IsWithdrawn(newest.Issuer)))
            return;
        if (_newest?.Number > head.Number)
            logger.AuditWentBack(_newest.Number, head.Number);
        var payload = new AuditHeadStatement(head.Number, head.Hash, time.GetUtcNow()).Encode();
        var statement = await signer.SignAuditHeadAsync(payload, cancellation);
        var issuing = await issuers.IssuerOfAsync(statement, payload, "an audit head", cancellation);
        _newest = new(head.Number, KeyFingerprint.Of(issuing), new(statement, CertificateChain.ToPem([issuing])));
    }

    public JsonHttpResult<AuditHeadDocument> Show()
        => _newest is { Document: var document }
            ? TypedResults.Json(document, ContractsJson.Default.AuditHeadDocument)
            : throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "no head of the audit has been signed yet; try again in a minute");

    private sealed record Signed(long Number, KeyFingerprint Issuer, AuditHeadDocument Document);
}
