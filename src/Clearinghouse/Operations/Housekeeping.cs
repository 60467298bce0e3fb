using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Agreements;
using Ostiary.Clearinghouse.Customers;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Tls;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Operations;

/// <summary>Every hour: which issuing certificate the signer uses, the TLS certificate, texts of redeemed product keys, old company information, draws that nobody installed. A failure waits for the next hour.</summary>
internal sealed class Housekeeping(
    Issuers issuers, TlsCertificate tls, EraseRedeemedTexts erase, EraseOldCompanies companies, ReleaseDraws draws, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            await TryAsync("asking the signer for its certificate", issuers.RefreshAsync, stoppingToken);
            await TryAsync("renewing the TLS certificate", tls.RefreshAsync, stoppingToken);
            await TryAsync("erasing texts of redeemed product keys", erase.RunAsync, stoppingToken);
            await TryAsync("erasing old company information", companies.RunAsync, stoppingToken);
            await TryAsync("giving back draws that nobody installed", draws.RunAsync, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TryAsync(string task, Func<CancellationToken, Task> run, CancellationToken stopping)
    {
        try
        {
            await run(stopping);
        }
        catch (ProblemException)
        {
            // The signer is away; its client has logged it.
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            // One task's failure must end neither the others nor the role; it is logged whole.
            logger.HousekeepingFailed(task, failure);
        }
    }
}
