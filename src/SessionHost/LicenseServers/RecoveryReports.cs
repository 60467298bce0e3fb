using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Licensing;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Shows each license server once a minute, and at once when its ledger number goes back, the highest ledger head that this host has seen. One whose
/// ledger is older asks for the receipts, and gets them all.
/// </summary>
internal sealed class RecoveryReports(Servers servers, Receipts receipts, SessionHostOptions options, TimeProvider time, ILogger<RecoveryReports> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShowEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, (long At, bool Failed)> _shown = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        do
            foreach (var link in servers.Links.Where(link => link is { SilentSince: null, KnowsKeys: true } && IsDue(link)))
                await ShowAsync(link, stoppingToken).ConfigureAwait(false);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private bool IsDue(ServerLink link)
        => !_shown.TryGetValue(link.Fingerprint.Hex, out var last) || time.GetElapsedTime(last.At) >= (link.WentBack || last.Failed ? AgainAfter : ShowEvery);

    private async Task ShowAsync(ServerLink link, CancellationToken stopping)
    {
        _shown[link.Fingerprint.Hex] = (time.GetTimestamp(), false);
        try
        {
            if (await AskAsync(link, [], false, stopping).ConfigureAwait(false))
                await SendAsync(link, stopping).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            Failed(problem.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Failed("no answer in time");
        }

        void Failed(string detail)
        {
            _shown[link.Fingerprint.Hex] = (time.GetTimestamp(), true);
            Log.RecoveryNotShown(logger, link.Address.Authority, detail);
        }
    }

    private async Task SendAsync(ServerLink link, CancellationToken stopping)
    {
        var (after, sent, complete) = ("", 0, false);
        while (!complete)
        {
            var page = await receipts.PageAsync(link.Keys, after, RecoveryReport.MaxReceipts, stopping).ConfigureAwait(false);
            complete = page.Count < RecoveryReport.MaxReceipts;
            await AskAsync(
                link, [.. page.Select(row => new Receipt(row.Serial, row.HardwareId, row.Device, new(row.Version), row.PackId!.Value, row.IssuedAt, row.ExpiresAt, row.Signature!))],
                complete, stopping).ConfigureAwait(false);
            sent += page.Count;
            after = page.Count > 0 ? page[^1].Serial : after;
        }

        Log.ReceiptsSent(logger, link.Address.Authority, sent);
    }

    private async Task<bool> AskAsync(ServerLink link, IReadOnlyList<Receipt> page, bool complete, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        return await servers.Current(link).RecoverAsync(page, complete, either.Token).ConfigureAwait(false);
    }
}
