using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Files;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Tls;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Operations;

/// <summary>What must be there before the doors open: the state directory, the database, an issuing certificate and a TLS certificate.</summary>
internal sealed class Startup(
    ClearinghouseOptions options, Database database, ProductKeySecrets secrets, Issuers issuers, TlsCertificate tls, TimeProvider time, ILogger<Startup> logger) : IHostedLifecycleService, IDisposable
{
    private const int FirstTries = 3;
    private StateLock? _lock;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        _lock = StateLock.Take(options.StateDirectory);
        await database.OpenAsync(cancellationToken);
        await RequireSecretsAsync(cancellationToken);
        if (await database.ReadAsync(store => store.VerifyAuditAsync(cancellationToken), cancellationToken) is var (number, fault))
            logger.AuditBroken(number, fault);
        await database.WriteAsync(store => store.CompleteToBeSignedAsync(time.GetUtcNow(), cancellationToken), cancellationToken);
        await issuers.LoadAsync(cancellationToken);
        // While the signer is away, what is signed already can be given out; what is not says so.
        if (!await issuers.TryRefreshAsync(cancellationToken) && issuers.Known.Count == 0)
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, $"the signer does not answer on {options.SignerSocket}, and the first start needs it");
        for (var tries = 1; ; tries++)
            try
            {
                await tls.RefreshAsync(cancellationToken);
                return;
            }
            catch (ProblemException) when (tls.IsThere)
            {
                // The client has logged it. The certificate in use holds, and every hour a new one is asked for.
                return;
            }
            catch (ProblemException) when (tries < FirstTries)
            {
                // Likewise. A signer that was started a moment ago, on a busy machine, takes its time over the first signature.
            }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _lock?.Dispose();

    // Under other secrets than those of the other nodes, or of the backup, every product key would be an unknown one.
    private async Task RequireSecretsAsync(CancellationToken cancellation)
    {
        if (await database.ReadAsync(store => store.ProductKeys.AsNoTracking().OrderByDescending(row => row.Id).FirstOrDefaultAsync(row => row.SealedText != null, cancellation), cancellation)
            is not { SealedText: { } text } key)
            return;
        try
        {
            _ = secrets.Decrypt(text, key.LookupHash);
        }
        catch (CryptographicException other)
        {
            throw new InvalidDataException($"{options.SecretsFile} is not the file of this database's product keys; copy it from the ceremony's folder, or from another node of this clearinghouse", other);
        }
    }
}
