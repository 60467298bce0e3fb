using System.Formats.Cbor;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Grace;

/// <summary>Where the grace period of this host stands.</summary>
internal abstract record GraceState
{
    private GraceState()
    {
    }

    /// <summary>Nobody has been admitted without a CAL yet: the next one starts it.</summary>
    public sealed record NotStarted : GraceState;

    /// <param name="Until">The first second after it.</param>
    /// <param name="DaysLeft">Whole days, rounded up; at least 1.</param>
    public sealed record Running(DateTimeOffset Until, int DaysLeft) : GraceState;

    /// <param name="At">When it ended.</param>
    /// <param name="Early">Because a CAL was granted for this host.</param>
    public sealed record Ended(DateTimeOffset At, bool Early) : GraceState;
}

/// <summary>
/// The grace period: 120 days from the first non-administrative connection that was admitted without a CAL, once for a machine.
/// The record is on the disk in two generations, and at the license servers. Where both generations are gone or damaged though there was one (the database remembers),
/// the period counts as ended until a license server gives its copy.
/// </summary>
internal sealed class GracePeriod(SessionHostOptions options, HostKey key, HostClock clock, Store store, ILogger<GracePeriod> logger) : IHostedService, IDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private volatile Held _held = new(null, null, "none", false);
    private int _changes;
    private bool _marked;

    /// <summary>Where it stands now. NotStarted and Running admit (rows 6 and U5).</summary>
    public GraceState State => StateOf(_held);

    /// <summary>The record; null when there is none.</summary>
    public GraceRecordStatement? Record => _held.Record;

    /// <summary>Its signed form, for the license servers' copies.</summary>
    public byte[]? Signed => _held.Signed;

    /// <summary>Where the record was read from: a file, "license server", or "none".</summary>
    public string Source => _held.Source;

    /// <summary>The record is lost or damaged, and no license server has given its copy.</summary>
    public bool Lost => _held.Lost;

    /// <summary>Grows when the period begins, ends or is extended: what license servers are told at once.</summary>
    public int Changes => Volatile.Read(ref _changes);

    public string MachineId => key.MachineId;

    /// <summary>Reads the record.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var db = store.Open())
            _marked = await db.GraceMarks.AnyAsync(cancellationToken).ConfigureAwait(false);
        var reading = GraceFiles.Read(options.StateDirectory, key.Key, key.MachineId);
        var lost = reading.Record is null && (reading.Damaged || _marked);
        if (reading.Damaged || lost)
            Log.GraceRecordDamaged(logger, reading.Record is null ? "no generation is left" : "the other generation counts");
        if (reading.Record is { } record)
        {
            clock.Reached(record.HighWater);
            _held = new(record, Statement.Sign(record.Encode(), key.Key), reading.Source!, false);
        }
        else
        {
            _held = new(null, null, "none", lost);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => MoveHighWaterAsync(cancellationToken).AsTask();

    /// <summary>Somebody is about to be admitted by row 6 or U5: starts it, if it has not begun; the record is durable when this returns. Answers the state that admits, or Ended.</summary>
    public async ValueTask<GraceState> UseAsync(CancellationToken cancellation)
    {
        if (State is not GraceState.NotStarted)
            return State;
        await ChangeAsync(record => record ?? (_held.Lost ? null : GraceRules.Start(key.MachineId, clock.Now)), cancellation).ConfigureAwait(false);
        return State;
    }

    /// <summary>A license server granted a permanent Device CAL or a User CAL for this host: ends it early, for good.</summary>
    public async ValueTask CalGrantedAsync(CancellationToken cancellation)
    {
        if (_held.Record is { EndedAt: not null })
            return;
        await ChangeAsync(record => record is { EndedAt: not null } ? record : GraceRules.End(record, key.MachineId, clock.Now), cancellation).ConfigureAwait(false);
    }

    /// <summary>A license server's copy for this machine. It came over TLS with the pinned key; its own signature is that of the key that this machine had then.</summary>
    public async ValueTask AdoptAsync(byte[]? copy, CancellationToken cancellation)
    {
        if (copy is null || copy.AsSpan().SequenceEqual(_held.Signed))
            return;
        if (Read(copy) is not { } record || record.MachineId != key.MachineId)
        {
            Log.GraceCopyUnreadable(logger);
            return;
        }

        clock.Reached(record.HighWater);
        await ChangeAsync(
            own => GraceRules.Merge(own, record) is var counts && own is not null && own.Encode().AsSpan().SequenceEqual(counts.Encode())
                ? own
                : GraceRules.Next(counts, clock.Now),
            cancellation, "license server").ConfigureAwait(false);
    }

    /// <summary>Applies an extension that was verified.</summary>
    /// <exception cref="ProblemException">It is for another machine, was applied before, or there is nothing to extend.</exception>
    public async ValueTask ExtendAsync(GraceExtensionStatement extension, CancellationToken cancellation)
    {
        if (extension.MachineId != key.MachineId)
            throw Forbidden($"the extension is for machine {extension.MachineId}, and this is {key.MachineId}");
        await ChangeAsync(
            record =>
            {
                // A record that is lost for good counts as ended: 120 days ago is as good a beginning as any.
                record ??= _held.Lost
                    ? GraceRules.Start(key.MachineId, clock.Now.AddDays(-GraceRecordStatement.Days))
                    : throw Forbidden("the grace period has not begun: the first connection without a CAL begins it, and then it can be extended");
                if (record.EndedAt is { } ended)
                    throw Forbidden($"the grace period ended on {ended:u}, because a CAL was granted for this host; it cannot be extended");
                if (record.Extensions.Contains(extension.Id))
                    throw Forbidden($"extension {extension.Id} was installed before");
                if (record.Extensions.Count == GraceRecordStatement.MaxExtensions)
                    throw Forbidden($"{GraceRecordStatement.MaxExtensions} extensions are installed, and that is the limit");
                return GraceRules.Extend(record, extension, clock.Now);
            },
            cancellation).ConfigureAwait(false);
        Log.GraceExtended(logger, extension.Id, extension.Days);
    }

    /// <summary>Writes the latest time into the record, if there is one that has not ended.</summary>
    public async ValueTask MoveHighWaterAsync(CancellationToken cancellation)
    {
        clock.Save();
        if (_held.Record is { EndedAt: null })
            await ChangeAsync(record => record is null ? null : GraceRules.Next(record, clock.Now), cancellation, isChange: false).ConfigureAwait(false);
    }

    public void Dispose() => _writing.Dispose();

    private GraceState StateOf(Held held)
        => held.Lost ? new GraceState.Ended(clock.Now, Early: false) : GraceRules.StateOf(held.Record, clock.Now);

    private async Task ChangeAsync(
        Func<GraceRecordStatement?, GraceRecordStatement?> change, CancellationToken cancellation, string? source = null, bool isChange = true)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var before = _held.Record;
            var after = change(before);
            if (after is null || ReferenceEquals(before, after))
                return;
            await MarkAsync().ConfigureAwait(false);
            var (signed, path) = GraceFiles.Write(options.StateDirectory, after, key.Key);
            _held = new(after, signed, source ?? path, false);
            if (isChange)
                Interlocked.Increment(ref _changes);
            if (before is null && after.EndedAt is null && source is null)
                Log.GraceBegun(logger, after.Until);
        }
        finally
        {
            _writing.Release();
        }
    }

    // Before the record: a record that was written and is gone is missed.
    private async Task MarkAsync()
    {
        if (_marked)
            return;
        await store.CommitAsync(async db =>
        {
            if (await db.GraceMarks.FindAsync(GraceMarkRow.Only).ConfigureAwait(false) is null)
                db.GraceMarks.Add(new());
        }).ConfigureAwait(false);
        _marked = true;
    }

    private static GraceRecordStatement? Read(byte[] copy)
    {
        try
        {
            return Statement.TryReadUnverified(copy, out var payload) ? GraceRecordStatement.Decode(payload) : null;
        }
        catch (CborContentException)
        {
            return null;
        }
    }

    private static ProblemException Forbidden(string detail) => new(LicensingProblem.RuleForbids, detail, "extension");

    private sealed record Held(GraceRecordStatement? Record, byte[]? Signed, string Source, bool Lost);
}
