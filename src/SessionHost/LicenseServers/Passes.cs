using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Puts one question to the license servers, in two passes. Device questions and user questions go this way: the order, the times, whom
/// to pass over and what silence is are the same.
/// </summary>
internal sealed class Passes(Servers servers, Joining joining, SuccessionFollowing successions, SessionHostOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _renewing = new(1);

    /// <summary>
    /// Asks. All servers together have <paramref name="within"/>, and one of several no more than an equal part of what is left, so that one
    /// that hangs does not take the others' time. Silent ones are passed over for <see cref="SessionHostOptions.SilenceTime"/>.
    /// </summary>
    /// <param name="first">Whom to ask first, e.g. the issuer of a presented CAL; null for the configured order.</param>
    /// <param name="within">For all of it.</param>
    /// <param name="ask">One question; it throws <see cref="ProblemException"/> when the server does not answer, or not well.</param>
    /// <param name="grants">Whether an answer grants.</param>
    /// <param name="cancellation">The connection's or the logon's.</param>
    public async Task<PassesReply<TAnswer>> AskAsync<TAnswer>(
        KeyFingerprint? first, TimeSpan within, Func<ServerLink, AskingPass, CancellationToken, Task<TAnswer>> ask, Func<TAnswer, bool> grants,
        CancellationToken cancellation)
        where TAnswer : class
    {
        var links = servers.Asked;
        if (links.Count == 0)
            return new PassesReply<TAnswer>.NoneConfigured();

        var began = time.GetTimestamp();
        var faults = new List<string>();
        var askable = new List<ServerLink>();
        var passedOver = new List<KeyFingerprint>();
        foreach (var link in links.OrderByDescending(link => first is not null && link.Has(first)))
        {
            if (link.Revoked is { } revoked)
            {
                // It is not one that is silent: nothing of its own stands for what it does not say.
                faults.Add($"the publisher revoked {link.Address} on {revoked.RevokedAt:u} ({KebabCase.Of(revoked.Reason)})");
            }
            else if (link.SilentSince is { } since && time.GetUtcNow() - since < options.SilenceTime)
            {
                faults.Add($"{link.Address} has been silent since {since:u}");
                passedOver.Add(link.Fingerprint);
            }
            else
            {
                askable.Add(link);
            }
        }

        var outcome = await TwoPasses.RunAsync<ServerLink, TAnswer>(
            askable,
            async (link, pass, left) =>
            {
                var remaining = within - time.GetElapsedTime(began);
                if (remaining <= TimeSpan.Zero)
                {
                    faults.Add($"{link.Address} was not asked: {within.TotalSeconds:0.#} s were over");
                    return null;
                }

                return await AskOneAsync(link, remaining / left, token => ask(link, pass, token), faults, cancellation).ConfigureAwait(false);
            },
            grants).ConfigureAwait(false);

        return outcome switch
        {
            { Granted: true } => new PassesReply<TAnswer>.Granted(servers.Current(outcome.Server!), outcome.Answer!),
            { Answer: { } refusal } => new PassesReply<TAnswer>.Refused(
                outcome.Server!, refusal, [.. passedOver, .. outcome.Silent.Select(link => link.Fingerprint)], string.Join("; ", faults)),
            _ => new PassesReply<TAnswer>.Silent(string.Join("; ", faults)),
        };
    }

    public void Dispose() => _renewing.Dispose();

    private async Task<TAnswer?> AskOneAsync<TAnswer>(
        ServerLink link, TimeSpan within, Func<CancellationToken, Task<TAnswer>> ask, List<string> faults, CancellationToken cancellation)
        where TAnswer : class
    {
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            try
            {
                await RenewIfOverAsync(link, either.Token).ConfigureAwait(false);
                return await ask(either.Token).ConfigureAwait(false);
            }
            catch (ProblemException problem) when (SuccessionFollowing.MayHaveOtherKey(link, problem))
            {
                // It may have another key by now, by which it has answered already: nobody is refused for it.
                if (!await successions.TryFollowAsync(link, either.Token).ConfigureAwait(false))
                    throw;
                return await ask(either.Token).ConfigureAwait(false);
            }
        }
        catch (ProblemException problem)
        {
            faults.Add(problem.Message);
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            link.FellSilent();
            faults.Add($"{link.Address} did not answer within {within.TotalSeconds:0.#} s");
            return null;
        }
    }

    // A host that was asleep for a month has a certificate with which nothing but its renewal is answered, and its first client would be the
    // one to pay for it. Whoever comes at the same moment waits for the same renewal.
    private async Task RenewIfOverAsync(ServerLink link, CancellationToken cancellation)
    {
        if (!IsOver(link))
            return;
        await _renewing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (IsOver(servers.Current(link)))
                await joining.RenewAsync(servers.Current(link), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _renewing.Release();
        }
    }

    private bool IsOver(ServerLink link) => link.CertificateUntil <= time.GetUtcNow();
}

/// <summary>What the license servers together say.</summary>
internal abstract record PassesReply<TAnswer>
{
    private PassesReply()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    public sealed record Granted(ServerLink Server, TAnswer Answer) : PassesReply<TAnswer>;

    /// <param name="Server">The first in order that refuses.</param>
    /// <param name="Answer">Its answer.</param>
    /// <param name="SilentServers">Those that did not answer. Whoever holds a CAL of one of them is to be treated as if all were silent.</param>
    /// <param name="Detail">How they failed; empty when all answered.</param>
    public sealed record Refused(ServerLink Server, TAnswer Answer, IReadOnlyList<KeyFingerprint> SilentServers, string Detail) : PassesReply<TAnswer>;

    /// <param name="Detail">Which, and how each failed.</param>
    public sealed record Silent(string Detail) : PassesReply<TAnswer>;

    public sealed record NoneConfigured : PassesReply<TAnswer>;
}
