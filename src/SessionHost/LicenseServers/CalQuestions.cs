using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>Asks the license servers for a CAL.</summary>
internal sealed class CalQuestions(Servers servers, Joining joining, SessionHostOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _renewing = new(1);

    /// <summary>
    /// Asks each server in its turn, the issuer of the presented CAL first, until one grants. All of them together have
    /// <see cref="SessionHostOptions.AskTime"/>. Silent ones are passed over for <see cref="SessionHostOptions.SilenceTime"/>.
    /// </summary>
    public async Task<ServerReply> AskAsync(DeviceClaim device, byte[]? presented, KeyFingerprint? issuer, CancellationToken cancellation)
    {
        var links = servers.Links;
        if (links.Count == 0)
            return new ServerReply.NoneConfigured();

        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var silent = new List<string>();
        ServerReply.Refused? refused = null;
        foreach (var link in links.OrderByDescending(link => link.Fingerprint == issuer))
        {
            if (link.SilentSince is { } since && time.GetUtcNow() - since < options.SilenceTime)
            {
                silent.Add($"{link.Address} has been silent since {since:u}");
                continue;
            }

            try
            {
                var request = new DeviceCalRequest(Guid.CreateVersion7(), device, presented);
                var current = await WithCertificateAsync(link, either.Token).ConfigureAwait(false);
                var answer = await current.RequestDeviceCalAsync(request, either.Token).ConfigureAwait(false);
                if (answer.Granted is { } granted)
                    return new ServerReply.Granted(link.Fingerprint, granted, answer.Head.Number);
                refused ??= new(link.Address.AbsoluteUri, answer.Refused!.Value, answer.Detail);
            }
            catch (ProblemException problem)
            {
                silent.Add(problem.Message);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                link.FellSilent();
                silent.Add($"{link.Address} did not answer within {options.AskTime.TotalSeconds:0.#} s");
                break;
            }
        }

        return refused ?? (ServerReply)new ServerReply.Silent(string.Join("; ", silent));
    }

    public void Dispose() => _renewing.Dispose();

    // A host that was asleep for a month has a certificate with which nothing but its renewal is answered, and its first client would be the
    // one to pay for it. Whoever comes at the same moment waits for the same renewal.
    public async Task<ServerLink> WithCertificateAsync(ServerLink link, CancellationToken cancellation)
    {
        if (!IsOver(link))
            return link;
        await _renewing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (IsOver(Current(link)))
                await joining.RenewAsync(Current(link), cancellation).ConfigureAwait(false);
            return Current(link);
        }
        finally
        {
            _renewing.Release();
        }
    }

    private bool IsOver(ServerLink link) => link.CertificateUntil <= time.GetUtcNow();

    private ServerLink Current(ServerLink link) => servers.Links.FirstOrDefault(current => current.Fingerprint == link.Fingerprint) ?? link;
}
