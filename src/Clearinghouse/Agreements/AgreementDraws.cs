using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.Agreements;

/// <summary>
/// Draws product keys from agreements. The transaction that mints the key counts it against the agreement, so that any number of draws at once never
/// come to more than was agreed; the key is good for the license server that drew it, and is redeemed as any other.
/// </summary>
internal sealed class AgreementDraws(Database database, ProductKeySecrets secrets, RevocationLists revocations, WrongKeys wrong, TimeProvider time)
{
    /// <summary>The key of this draw: the same nonce of the same license server is the same key.</summary>
    /// <param name="request">Checked by whoever asks.</param>
    /// <param name="who">Who asks.</param>
    /// <param name="method">How it came.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">The license server is revoked; or there is no such agreement for it, or not as many are left.</exception>
    public async Task<(ProductKeyRow Row, ProductKey Key)> DrawAsync(DrawRequest request, LicenseServerIdentity who, ConnectionMethod method, CancellationToken cancellation)
    {
        await revocations.RequireGoodAsync(who.Fingerprint, cancellation);
        var licenseServer = who.Id;
        var (program, numbers) = Read(request.Program, request.Numbers);
        if (!request.Version.IsKnown)
            throw new ProblemException(LicensingProblem.InvalidField, $"version {request.Version} is not on the ladder: {string.Join(", ", CalVersion.All)}", "version");
        if (request.Nonce is not { Length: DrawRequest.NonceLength })
            throw new ProblemException(LicensingProblem.InvalidField, $"nonce has {DrawRequest.NonceLength} bytes", "nonce");
        var row = await SlowedAsync(
            licenseServer,
            () => database.WriteAsync(
                async store => await FindDrawAsync(store, request, licenseServer, cancellation) is { } before
                    ? await DrawAgainAsync(store, before, program, numbers, request, licenseServer, method, cancellation)
                    : await DrawAsync(store, program, numbers, request, licenseServer, method, cancellation),
                cancellation),
            cancellation);
        var text = row.SealedText is { } kept
            ? secrets.Decrypt(kept, row.LookupHash)
            : throw new ProblemException(LicensingProblem.RuleForbids, "these CALs were drawn and installed before, and the key's text has been erased since; look at the license server's key packs");
        return (row, ProductKeyProblems.Parse(text));
    }

    /// <summary>What a draw would do.</summary>
    /// <returns>Whether it was done before, and how many are left.</returns>
    /// <exception cref="ProblemException">The license server is revoked; or there is no such agreement for it, or not as many are left.</exception>
    public async Task<(bool Done, int Left)> LookAsync(DrawRequest request, LicenseServerIdentity who, CancellationToken cancellation)
    {
        await revocations.RequireGoodAsync(who.Fingerprint, cancellation);
        var licenseServer = who.Id;
        var (program, numbers) = Read(request.Program, request.Numbers);
        return await SlowedAsync(
            licenseServer,
            () => database.ReadAsync(
                async store =>
                {
                    if (await FindDrawAsync(store, request, licenseServer, cancellation) is { ReleasedAt: null })
                        return (true, 0);
                    var (_, limit) = await FindAsync(store.Agreements.AsNoTracking(), program, numbers, request, licenseServer, cancellation);
                    return (false, limit.Quantity - limit.Drawn);
                },
                cancellation),
            cancellation);
    }

    private async Task<T> SlowedAsync<T>(LicenseServerId licenseServer, Func<Task<T>> look, CancellationToken cancellation)
    {
        try
        {
            return await look();
        }
        catch (ProblemException unknown) when (unknown.Problem == LicensingProblem.NotFound)
        {
            await wrong.WaitAsync(licenseServer, cancellation);
            throw;
        }
    }

    /// <exception cref="ProblemException">The program has no agreements, or a number is not of its form.</exception>
    public static (LicenseProgram Program, string Numbers) Read(string? name, IReadOnlyList<string>? typed)
    {
        var program = LicenseProgram.Find(name) is { HasAgreements: true } found ? found
            : throw new ProblemException(
                LicensingProblem.InvalidField, $"program is one with agreements: {string.Join(", ", LicenseProgram.All.Where(other => other.HasAgreements))}", "program");
        return program.Read(typed ?? [], out var numbers) is { } error ? throw new ProblemException(LicensingProblem.InvalidField, error, "numbers") : (program, string.Join('/', numbers));
    }

    private static async Task<ProductKeyRow?> FindDrawAsync(ClearinghouseStore store, DrawRequest request, LicenseServerId licenseServer, CancellationToken cancellation)
    {
        var nonce = request.Nonce;
        var row = await store.ProductKeys.SingleOrDefaultAsync(row => row.DrawNonce == nonce, cancellation);
        if (row is null)
            return null;
        if (row.GivenBackAt is { } given)
            throw ProductKeyProblems.GivenBack(given);
        return row.BoundTo == licenseServer.Text && (row.Program, row.Type, row.Version, row.Quantity) == (request.Program, request.Type, request.Version, request.Quantity)
            ? row
            : throw new ProblemException(LicensingProblem.RequestIdReused, "a draw with this nonce was for something else", "nonce");
    }

    private async Task<ProductKeyRow> DrawAsync(
        ClearinghouseStore store, LicenseProgram program, string numbers, DrawRequest request, LicenseServerId licenseServer, ConnectionMethod method, CancellationToken cancellation)
    {
        await Activations.RequireNotDeactivatedAsync(store, licenseServer.Text, cancellation);
        var (agreement, limit) = await FindAsync(store.Agreements, program, numbers, request, licenseServer, cancellation);
        limit.Draw(request.Quantity);
        var key = ProductKey.Mint(request.Type, request.Version, request.Quantity, RandomNumberGenerator.GetBytes(ProductKey.RandomLength));
        var hash = secrets.LookupHash(key);
        var now = time.GetUtcNow();
        var row = new ProductKeyRow
        {
            LookupHash = hash,
            SealedText = secrets.Encrypt(key, hash),
            Type = key.Type,
            Version = key.Version,
            Quantity = key.Quantity,
            Program = program.Name,
            MintedAt = now,
            AgreementId = agreement.Id,
            DrawNonce = request.Nonce,
            BoundTo = licenseServer.Text,
            PackUntil = agreement.PacksEndWithIt ? agreement.Until : null,
        };
        store.ProductKeys.Add(row);
        await store.SaveChangesAsync(cancellation);
        store.AppendAudit(
            "draw", $"agreement {agreement.Id}, license server {licenseServer}, product key {row.Id}: {row.Quantity} {KebabCase.Of(row.Type)} {row.Version}, {KebabCase.Of(method)}", hash, now);
        return row;
    }

    // What was given back is counted against the agreement again, as it is now, and its key is good again.
    private async Task<ProductKeyRow> DrawAgainAsync(
        ClearinghouseStore store, ProductKeyRow row, LicenseProgram program, string numbers, DrawRequest request, LicenseServerId licenseServer, ConnectionMethod method,
        CancellationToken cancellation)
    {
        if (row.ReleasedAt is null)
            return row;
        var (agreement, limit) = await FindAsync(store.Agreements, program, numbers, request, licenseServer, cancellation);
        if (agreement.Id != row.AgreementId)
            throw new ProblemException(LicensingProblem.RequestIdReused, "a draw with this nonce was for something else", "nonce");
        limit.Draw(row.Quantity);
        var now = time.GetUtcNow();
        (row.ReleasedAt, row.MintedAt, row.PackUntil) = (null, now, agreement.PacksEndWithIt ? agreement.Until : null);
        store.AppendAudit(
            "draw", $"agreement {agreement.Id}, license server {licenseServer}, product key {row.Id}: {row.Quantity} {KebabCase.Of(row.Type)} {row.Version}, again, {KebabCase.Of(method)}",
            row.LookupHash, now);
        return row;
    }

    // One answer for what is not there and what is another's: numbers of a few digits must not be found by trying.
    private async Task<(AgreementRow Agreement, AgreementLimitRow Limit)> FindAsync(
        IQueryable<AgreementRow> agreements, LicenseProgram program, string numbers, DrawRequest request, LicenseServerId licenseServer, CancellationToken cancellation)
    {
        var agreement = await agreements.Include(row => row.Limits).Include(row => row.Servers)
            .SingleOrDefaultAsync(row => row.Program == program.Name && row.Numbers == numbers, cancellation);
        if (agreement is null || (agreement.Servers.Count == 0 ? !program.NumbersAreSecret : !agreement.Servers.Exists(server => server.LicenseServerId == licenseServer.Text)))
            throw new ProblemException(
                LicensingProblem.NotFound,
                $"there is no {program.Title} with these numbers from which license server {licenseServer} may draw; the publisher enters agreements, with the license servers that may draw from them", "numbers");
        var now = time.GetUtcNow();
        if (agreement.Closed || agreement.Until <= now)
            throw new ProblemException(LicensingProblem.RuleForbids, agreement.Closed ? "the agreement is closed" : $"the agreement ended on {agreement.Until:yyyy-MM-dd}");
        var limit = agreement.Limits.SingleOrDefault(row => row.Type == request.Type && row.Version == request.Version)
            ?? throw new ProblemException(
                LicensingProblem.RuleForbids,
                $"the agreement has no {request.Type} CALs of version {request.Version}; it has {string.Join(", ", agreement.Limits.Select(row => $"{row.Type} {row.Version}"))}", "version");
        return request.Quantity <= limit.Quantity - limit.Drawn
            ? (agreement, limit)
            : throw new ProblemException(
                LicensingProblem.RuleForbids,
                $"the agreement has {limit.Quantity - limit.Drawn} of {limit.Quantity} {request.Type} CALs of version {request.Version} left; {request.Quantity} were asked for", "quantity");
    }
}
