using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Audit;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Tls;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Trust;

/// <summary>
/// Every minute: what a ceremony has changed is read; the TLS certificate is by the issuing key in use; what a withdrawn key signed is signed again; the
/// revocation list is signed and no older than a day; the head of the audit is signed if it has changed. What fails is logged and done at the next minute.
/// </summary>
internal sealed class KeyUpkeep(
    PublishedTrust trust, Issuers issuers, TlsCertificate tls, Activations activations, Redemptions redemptions, RevocationLists revocations, Successions.Successions successions, AuditHeads heads,
    TimeProvider time, ILogger<KeyUpkeep> logger) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private const int AtOnce = 50;

    private readonly SemaphoreSlim _passing = new(1);

    /// <summary>One pass; one at a time.</summary>
    public async Task PassAsync(CancellationToken cancellation)
    {
        await _passing.WaitAsync(cancellation);
        try
        {
            await PassAloneAsync(cancellation);
        }
        finally
        {
            _passing.Release();
        }
    }

    public override void Dispose()
    {
        _passing.Dispose();
        base.Dispose();
    }

    private async Task PassAloneAsync(CancellationToken cancellation)
    {
        trust.Refresh();
        await issuers.RefreshAsync(cancellation);
        await tls.RefreshAsync(cancellation);
        while (await activations.UnderWithdrawnKeysAsync(AtOnce, cancellation) is { Count: > 0 } rows)
            foreach (var row in rows)
                logger.ActivationSignedAgain((await activations.SignAgainAsync(row, cancellation)).Id);
        while (await redemptions.UnderWithdrawnKeysAsync(AtOnce, cancellation) is { Count: > 0 } packs)
            foreach (var pack in packs)
                logger.KeyPackSignedAgain((await redemptions.SignAgainAsync(pack, cancellation)).PackId);
        while (await successions.UnderWithdrawnKeysAsync(AtOnce, cancellation) is { Count: > 0 } rows)
            foreach (var row in rows)
                await successions.SignAgainAsync(row, cancellation);
        await revocations.KeepFreshAsync(cancellation);
        await heads.KeepFreshAsync(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await PassAsync(stoppingToken);
            }
            catch (ProblemException)
            {
                // The signer is away; its client has logged it.
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                // It must not end the role; it is logged whole.
                logger.HousekeepingFailed("signing again, and following the ceremonies", failure);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
