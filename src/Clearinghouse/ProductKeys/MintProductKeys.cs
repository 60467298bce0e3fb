using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary><c>POST /v1/product-keys</c>, for operators: mints product keys and shows them in clear.</summary>
internal sealed class MintProductKeys(Database database, ProductKeySecrets secrets, TimeProvider time, ILogger<MintProductKeys> logger)
{
    public const int MaxCount = 1000;
    public const int MaxProgramLength = 64;

    public async Task<JsonHttpResult<MintResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var request = await Json.ReadAsync(context, ContractsJson.Default.MintRequest);
        Check(request);
        var now = time.GetUtcNow();
        var minted = Enumerable.Range(0, request.Count)
            .Select(_ => ProductKey.Mint(request.Type, request.Version, request.Quantity, RandomNumberGenerator.GetBytes(ProductKey.RandomLength)))
            .Select(key => (key.Text, Row: NewRow(key, request.Program, now)))
            .ToList();

        await database.WriteAsync(
            async store =>
            {
                store.ProductKeys.AddRange(minted.Select(key => key.Row));
                await store.SaveChangesAsync(cancellation);
                store.AppendAudit(
                    "mint", $"product keys {minted[0].Row.Id} to {minted[^1].Row.Id}", [.. minted.SelectMany(key => key.Row.LookupHash)], now);
                return true;
            },
            cancellation);
        logger.Minted(request.Count, request.Quantity, request.Type.ToString(), request.Version.Year, request.Program);
        return TypedResults.Json(new MintResponse([.. minted.Select(key => ProductKeyRecords.Of(key.Row, key.Text))]), ContractsJson.Default.MintResponse);
    }

    private static void Check(MintRequest request)
    {
        if (!request.Version.IsKnown)
            throw Invalid("version", $"version {request.Version} is not on the ladder: {string.Join(", ", CalVersion.All)}");
        if (request.Quantity is < 1 or > ProductKey.MaxQuantity)
            throw Invalid("quantity", $"quantity is {request.Quantity}; 1 to {ProductKey.MaxQuantity} are taken");
        if (request.Count is < 1 or > MaxCount)
            throw Invalid("count", $"count is {request.Count}; 1 to {MaxCount} are taken");
        if (string.IsNullOrWhiteSpace(request.Program) || request.Program.Length > MaxProgramLength || request.Program.Any(char.IsControl))
            throw Invalid("program", $"program is required, with at most {MaxProgramLength} characters and no control characters, for example retail");
        if (LicenseProgram.Find(request.Program) is { HasAgreements: true } program)
            throw Invalid("program", $"product keys of {program.Title} are drawn from agreements; enter the agreement");
    }

    private ProductKeyRow NewRow(ProductKey key, string program, DateTimeOffset now)
    {
        var hash = secrets.LookupHash(key);
        return new()
        {
            LookupHash = hash,
            SealedText = secrets.Encrypt(key, hash),
            Type = key.Type,
            Version = key.Version,
            Quantity = key.Quantity,
            Program = program,
            MintedAt = now,
        };
    }

    private static ProblemException Invalid(string field, string detail) => new(LicensingProblem.InvalidField, detail, field);
}
