using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Licensing;
using Ostiary.Doors.Accounts;
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Reports;

namespace Ostiary.LicenseServer.Storage;

/// <summary>Once a minute: CALs past their end expire and give their seats back, and what is kept for a time only goes.</summary>
internal sealed class Sweep(Ledger ledger, TimeProvider time, ILogger<Sweep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>CALs are held for weeks: a day's highest counts are those of one of its hours.</summary>
    private static readonly TimeSpan CountEvery = TimeSpan.FromHours(1);

    /// <summary>One pass, each step in a transaction of its own.</summary>
    public static async Task PassAsync(Ledger ledger, CancellationToken cancellation)
    {
        // A limited number at a time: those who wait for the writer get their turn between.
        while ((await ledger.WorkAsync(batch => batch.ExpireDue(), cancellation).ConfigureAwait(false)).Result > 0)
        {
        }

        await ledger.WorkAsync(batch => batch.Db.Temporaries.Where(temporary => temporary.NotAfter < batch.Now).ExecuteDelete(), cancellation).ConfigureAwait(false);
        await ledger.WorkAsync(batch => batch.Db.Sessions.Where(session => session.ReportedAt < batch.Now - SessionReport.Lapse).ExecuteDelete(), cancellation).ConfigureAwait(false);
        await ledger.WorkAsync(batch => batch.EndRecoveryIfOver(), cancellation).ConfigureAwait(false);
        await ledger.WorkAsync(DropRequests, cancellation).ConfigureAwait(false);
        while ((await ledger.WorkAsync(batch => Tokens.DropOld(LedgerAccounts.Of(batch)), cancellation).ConfigureAwait(false)).Result > 0)
        {
        }

        await ledger.WorkAsync(batch => batch.Db.SignInFailures.Where(failure => failure.LastAt < batch.Now - SignInFailure.Remembered).ExecuteDelete(), cancellation).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var counted = DateTimeOffset.MinValue;
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await PassAsync(ledger, stoppingToken).ConfigureAwait(false);
                if (time.GetUtcNow() - counted >= CountEvery)
                {
                    await KeepUsage.PassAsync(ledger, time.GetUtcNow(), stoppingToken).ConfigureAwait(false);
                    counted = time.GetUtcNow();
                }
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                Log.SweepFailed(log, failure);
            }
        }
    }

    private static int DropRequests(LedgerBatch batch)
    {
        var oldest = batch.Now - RequestIds.Kept;
        var dropped = 0;
        foreach (var host in batch.Db.Requests.Select(request => request.HostId).Distinct().ToList())
        {
            var tooMany = batch.Db.Requests.Where(request => request.HostId == host).OrderByDescending(request => request.At)
                .Skip(batch.Limits.RequestsPerHost).Select(request => (DateTimeOffset?)request.At).FirstOrDefault();
            var until = tooMany > oldest ? tooMany.Value : oldest;
            dropped += batch.Db.Requests.Where(request => request.HostId == host && request.At <= until).ExecuteDelete();
        }

        return dropped;
    }
}
