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
    Passes passes, Servers servers, UserLeases leases, GracePeriod grace, SessionHostOptions options, TimeProvider time, ILogger<UserQuestions> logger)
{
    private readonly ConcurrentDictionary<UserClaim, Lazy<Task<UserReply>>> _underWay = new();
    private readonly ConcurrentDictionary<KeyFingerprint, DateTimeOffset> _slowSince = new();

    /// <summary>
    /// All servers together have <see cref="SessionHostOptions.LogonTime"/>. Whoever asks about a person who is being asked about gets the
    /// same answer.
    /// </summary>
    /// <param name="user">Who logs on.</param>
    /// <param name="lease">The lease that the host keeps; its issuer is asked first, and when it is silent a refusal of another one does not count.</param>
    /// <param name="cancellation">Ends this wait, not the question.</param>
    public async Task<UserReply> AskAsync(UserClaim user, HeldLease? lease, CancellationToken cancellation)
    {
        var mine = new Lazy<Task<UserReply>>(() => AskAllAsync(user, lease));
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

    private async Task<UserReply> AskAllAsync(UserClaim user, HeldLease? lease)
    {
        var issuer = lease?.Server;
        var reply = await passes.AskAsync(
            issuer, options.LogonTime, (link, pass, token) => AskAsync(link, user, issuer is not null && link.Has(issuer) ? lease!.Signed : null, pass, token), answer => answer.Granted is not null, CancellationToken.None)
            .ConfigureAwait(false);
        return reply switch
        {
            PassesReply<UserCalAnswer>.Granted granted => new UserReply.Granted(granted.Server.Fingerprint, granted.Answer.Granted!),
            PassesReply<UserCalAnswer>.Refused refused when issuer is not null && servers.LinkOf(issuer) is { } holder && refused.SilentServers.Any(holder.Has) => new UserReply.Silent(refused.Detail),
            PassesReply<UserCalAnswer>.Refused refused => new UserReply.Refused(refused.Server.Address.AbsoluteUri, refused.Answer.Refused!.Value, refused.Answer.Detail),
            PassesReply<UserCalAnswer>.Silent silent => new UserReply.Silent(silent.Detail),
            _ => new UserReply.NoneConfigured(),
        };
    }

    private async Task<UserCalAnswer> AskAsync(ServerLink link, UserClaim user, byte[]? lease, AskingPass pass, CancellationToken limit)
    {
        if (_slowSince.TryGetValue(link.Fingerprint, out var slow) && time.GetUtcNow() - slow < options.SilenceTime)
            throw new ProblemException(LicensingProblem.Unreachable, $"{link.Address} has been silent since {slow:u}");
        var question = QuestionAsync(link, user, lease, pass);
        try
        {
            return await question.WaitAsync(limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            _slowSince[link.Fingerprint] = time.GetUtcNow();
            Log.ServerSlow(logger, link.Address.Authority, options.SilenceTime);
            _ = HeardLateAsync(link, question);
            throw;
        }
    }

    // It goes on behind a logon that does not wait any more: what is granted is kept, and that it answers is known.
    private async Task<UserCalAnswer> QuestionAsync(ServerLink link, UserClaim user, byte[]? lease, AskingPass pass)
    {
        using var limit = new CancellationTokenSource(options.SilenceTime, time);
        var current = servers.Current(link);
        var answer = await current.RequestUserCalAsync(new(Guid.CreateVersion7(), user, pass, lease), limit.Token).ConfigureAwait(false);
        if (answer.Granted is { } granted)
        {
            await leases.KeepAsync(current, user, granted).ConfigureAwait(false);
            await grace.CalGrantedAsync(limit.Token).ConfigureAwait(false);
        }

        return answer;
    }

    private async Task HeardLateAsync(ServerLink link, Task<UserCalAnswer> question)
    {
        try
        {
            await question.ConfigureAwait(false);
            _slowSince.TryRemove(link.Fingerprint, out _);
        }
        catch (Exception silent) when (silent is ProblemException or OperationCanceledException)
        {
            // It stays passed over, until SilenceTime is over.
        }
    }
}
