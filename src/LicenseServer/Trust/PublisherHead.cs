using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Trust;

/// <summary>
/// The newest head of the clearinghouse's audit that this license server has seen, in a file beside the ledger: evidence for the publisher, should the
/// clearinghouse's database ever be cut off or written anew. <c>GET /v1/publisher/audit-head</c> hands it out.
/// </summary>
internal sealed class PublisherHead(LicenseServerOptions options, Ledger ledger, ClearinghouseConnection clearinghouse, ILogger<PublisherHead> logger)
{
    private const int MaxFileLength = 256 * 1024;

    private readonly Lock _keeping = new();
    private string? _fault;

    private string File => Path.Combine(options.StateDirectory, "publisher-audit-head.json");

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/publisher/audit-head", AnswerAsync).At(Door.Administration).For(AccountRole.Reader)
        .Answers<PublisherAuditHead>("The newest head of the clearinghouse's audit that was seen.");

    /// <summary>Asks the clearinghouse for its head. Does not fail: trust does not hang on it.</summary>
    public async Task TryPullAsync(CancellationToken cancellation)
    {
        try
        {
            Take(await clearinghouse.Client.AuditHeadAsync(cancellation).ConfigureAwait(false));
        }
        catch (ProblemException problem)
        {
            Log.AuditHeadNotPulled(logger, problem.Message);
        }
    }

    /// <summary>Keeps a head that is newer than the one that is kept; one that contradicts it is logged, and the one that is kept stays.</summary>
    public void Take(AuditHeadDocument document)
    {
        lock (_keeping)
        {
            var now = ledger.Clock.GetUtcNow();
            if (document.Verify(clearinghouse.Trust, now, out var error) is not { } shown)
            {
                Log.AuditHeadNotPulled(logger, error);
                return;
            }

            if (Read() is var (kept, _))
            {
                var before = _fault;
                _fault = shown.Number < kept.Number ? $"the clearinghouse's audit is at entry {shown.Number}, and was at entry {kept.Number} before: entries are gone"
                    : shown.Number == kept.Number && !shown.Hash.AsSpan().SequenceEqual(kept.Hash) ? $"entry {kept.Number} of the clearinghouse's audit has another hash than before: entries were written anew"
                    : null;
                if (_fault is not null && _fault != before)
                    Log.AuditHeadContradicts(logger, _fault);
                if (shown.Number <= kept.Number)
                    return;
            }

            PrivateKeyFile.Replace(File, JsonSerializer.SerializeToUtf8Bytes(document, ContractsJson.Default.AuditHeadDocument));
        }
    }

    // One of a key that was withdrawn since counts for nothing: whoever had the key may have made it. So does a file that is damaged.
    private (AuditHeadStatement Head, AuditHeadDocument Document)? Read()
    {
        try
        {
            if (new FileInfo(File) is not { Exists: true, Length: <= MaxFileLength })
                return null;
            var document = JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(File), ContractsJson.Default.AuditHeadDocument);
            return document?.Verify(clearinghouse.Trust, null, out _) is { } head ? (head, document) : null;
        }
        catch (JsonException damaged)
        {
            Log.AuditHeadNotPulled(logger, $"{File} is damaged: {damaged.Message}");
            return null;
        }
    }

    private static Task AnswerAsync(HttpContext context)
    {
        var kept = context.RequestServices.GetRequiredService<PublisherHead>();
        return Json.WriteAsync(context, kept.Show(), ContractsJson.Default.PublisherAuditHead);
    }

    /// <summary>What is kept.</summary>
    public PublisherAuditHead Show()
    {
        lock (_keeping)
            return clearinghouse.HasRoot && Read() is var (head, document)
                ? new(head.Number, Convert.ToHexStringLower(head.Hash), head.At, _fault, document)
                : new();
    }
}
