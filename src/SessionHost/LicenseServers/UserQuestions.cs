using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Grace;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Asks the license servers for a person's User CAL. sesman asks PAM for one logon after the other, so a server whose answer takes longer
/// than a logon may is passed over by the logons after it: until that answer comes, or for <see cref="SessionHostOptions.SilenceTime"/>.
/// </summary>
internal sealed class UserQuestions(
    Servers servers, CalQuestions certificates, UserLeases leases, GracePeriod grace, SessionHostOptions options, TimeProvider time, ILogger<UserQuestions> logger)
{
    private readonly ConcurrentDictionary<UserClaim, Lazy<Task<UserReply>>> _underWay = new();
    private readonly ConcurrentDictionary<KeyFingerprint, DateTimeOffset> _slowSince = new();

    /// <summary>
    /// All servers together have <see cref="SessionHostOptions.LogonTime"/>. Whoever asks about a person who is being asked about gets the
    /// same answer.
    /// </summary>
    /// <param name="user">Who logs on.</param>
    /// <param name="issuer">Whose lease the host keeps; asked first, and when it is silent a refusal of another one does not count.</param>
    /// <param name="cancellation">Ends this wait, not the question.</param>
    public async Task<UserReply> AskAsync(UserClaim user, KeyFingerprint? issuer, CancellationToken cancellation)
    {
        if (servers.Links.Count == 0)
            return new UserReply.NoneConfigured();
        var mine = new Lazy<Task<UserReply>>(() => AskAllAsync(user, issuer));
        var shared = _underWay.GetOrAdd(user, mine);
        try
        {
            return await shared.Value.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (shared.Value.IsCompleted)
                _underWay.TryRemove(new(user, shared));
        }
    }

    private async Task<UserReply> AskAllAsync(UserClaim user, KeyFingerprint? issuer)
    {
        var began = time.GetTimestamp();
        var links = servers.Links.OrderByDescending(link => link.Fingerprint == issuer).ToList();
        AskingPass[] passes = links.Count == 1 ? [AskingPass.Any] : [AskingPass.Permanent, AskingPass.Any];
        var silent = new Dictionary<KeyFingerprint, string>();
        UserReply.Refused? refused = null;
        foreach (var pass in passes)
        {
            refused = null;
            for (var i = 0; i < links.Count; i++)
            {
                if (Skipped(links[i]) is { } since)
                {
                    silent.TryAdd(links[i].Fingerprint, $"{links[i].Address} has been silent since {since:u}");
                    continue;
                }

                // One that hangs leaves half of the time to those behind it.
                var left = options.LogonTime - time.GetElapsedTime(began);
                switch (await AskAsync(links[i], user, pass, i == links.Count - 1 ? left : left / 2).ConfigureAwait(false))
                {
                    case UserReply.Granted granted:
                        return granted;
                    case UserReply.Refused no:
                        refused ??= no;
                        break;
                    case UserReply.Silent nothing:
                        silent[links[i].Fingerprint] = nothing.Detail;
                        break;
                }
            }
        }

        return refused is not null && (issuer is null || !silent.ContainsKey(issuer)) ? refused : new UserReply.Silent(string.Join("; ", silent.Values));
    }

    private DateTimeOffset? Skipped(ServerLink link)
    {
        var now = time.GetUtcNow();
        if (link.SilentSince is { } silent && now - silent < options.SilenceTime)
            return silent;
        return _slowSince.TryGetValue(link.Fingerprint, out var slow) && now - slow < options.SilenceTime ? slow : null;
    }

    private async Task<UserReply> AskAsync(ServerLink link, UserClaim user, AskingPass pass, TimeSpan within)
    {
        if (within <= TimeSpan.Zero)
            return new UserReply.Silent($"{link.Address} was not asked, no time was left");
        var question = QuestionAsync(link, user, pass);
        try
        {
            return await question.WaitAsync(within, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _slowSince[link.Fingerprint] = time.GetUtcNow();
            Log.ServerSlow(logger, link.Address.Authority, options.SilenceTime);
            _ = HeardLateAsync(link, question);
            return new UserReply.Silent($"{link.Address} did not answer within {within.TotalSeconds:0.#} s");
        }
    }

    // It goes on behind a logon that does not wait any more: what is granted is kept, and that it answers is known.
    private async Task<UserReply> QuestionAsync(ServerLink link, UserClaim user, AskingPass pass)
    {
        using var limit = new CancellationTokenSource(options.SilenceTime, time);
        try
        {
            var current = await certificates.WithCertificateAsync(link, limit.Token).ConfigureAwait(false);
            var answer = await current.RequestUserCalAsync(new(Guid.CreateVersion7(), user, pass), limit.Token).ConfigureAwait(false);
            if (answer.Granted is not { } granted)
                return new UserReply.Refused(link.Address.AbsoluteUri, answer.Refused!.Value, answer.Detail);
            await leases.KeepAsync(current, user, granted).ConfigureAwait(false);
            await grace.CalGrantedAsync(limit.Token).ConfigureAwait(false);
            return new UserReply.Granted(link.Fingerprint, granted);
        }
        catch (ProblemException problem)
        {
            return new UserReply.Silent(problem.Message);
        }
        catch (OperationCanceledException)
        {
            link.FellSilent();
            return new UserReply.Silent($"{link.Address} did not answer");
        }
    }

    private async Task HeardLateAsync(ServerLink link, Task<UserReply> question)
    {
        if (await question.ConfigureAwait(false) is UserReply.Granted or UserReply.Refused)
            _slowSince.TryRemove(link.Fingerprint, out _);
    }
}
