using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Logon;

/// <summary>
/// Tells license servers that somebody logged on over a temporary CAL. What is to be told is in the database until the license server has
/// answered: neither a restart nor an outage loses it. The same request id at every try.
/// </summary>
internal sealed class Validations(SessionHostOptions options, Store store, Servers servers, TimeProvider time, ILogger<Validations> logger) : BackgroundService
{
    private const int AtOnce = 64;
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _added = new(1, 1);

    public override void Dispose()
    {
        _added.Dispose();
        base.Dispose();
    }

    /// <summary>Returns when it is committed.</summary>
    public async Task AddAsync(KeyFingerprint server, string serial, string account)
    {
        var now = time.GetUtcNow();
        await store.CommitAsync(db =>
        {
            db.Validations.Add(new() { Id = Guid.CreateVersion7(), LicenseServer = server.Hex, Serial = serial, Account = account, At = now });
            return Task.CompletedTask;
        }).ConfigureAwait(false);
        if (_added.CurrentCount == 0)
            _added.Release();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _added.WaitAsync(stoppingToken).ConfigureAwait(false);
            while (await SendAsync(stoppingToken).ConfigureAwait(false))
                await Task.Delay(TryAgainAfter, time, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>True while something is left to tell.</summary>
    private async Task<bool> SendAsync(CancellationToken stopping)
    {
        var left = false;
        foreach (var link in servers.Links)
            left |= !await SendAsync(link, stopping).ConfigureAwait(false);
        return left;
    }

    /// <summary>False when this server does not answer, or when there is more than one batch.</summary>
    private async Task<bool> SendAsync(ServerLink link, CancellationToken stopping)
    {
        List<ValidationRow> rows;
        var keys = link.Keys.Select(key => key.Hex).ToList();
        await using (var db = store.Open())
            rows = await db.Validations.AsNoTracking().Where(row => keys.Contains(row.LicenseServer)).OrderBy(row => row.At).Take(AtOnce)
                .ToListAsync(stopping).ConfigureAwait(false);
        foreach (var row in rows)
            if (!await TrySendAsync(link, row, stopping).ConfigureAwait(false))
                return false;
        return rows.Count < AtOnce;
    }

    private async Task<bool> TrySendAsync(ServerLink link, ValidationRow row, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            var answer = await link.ValidateAsync(new(row.Id, row.Serial, row.Account), either.Token).ConfigureAwait(false);
            Log.Validated(logger, HeldCal.Short(row.Serial), answer.Validated);
        }
        catch (ProblemException problem)
        {
            Log.NotValidated(logger, HeldCal.Short(row.Serial), problem.Message);
            return false;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Log.NotValidated(logger, HeldCal.Short(row.Serial), "no answer in time");
            return false;
        }

        await store.CommitAsync(async db =>
        {
            if (await db.Validations.FindAsync(row.Id).ConfigureAwait(false) is { } told)
                db.Validations.Remove(told);
        }).ConfigureAwait(false);
        return true;
    }
}
