using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Clock;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Activation;

/// <summary>
/// The way to the clearinghouse. Its TLS is good when the machine trusts it, or when it is a clearinghouse's certificate that leads to the published root.
/// </summary>
internal sealed class ClearinghouseConnection : IDisposable
{
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(3);

    private readonly LicenseServerOptions _options;
    private readonly LicenseServerIdentity _identity;
    private readonly SteadyClock _clock;
    private readonly HttpClient? _http;
    private readonly ClearinghouseClient? _client;
    private readonly X509Certificate2? _root;

    // Until the activation, when it goes into the ledger.
    private volatile PublisherTrust? _beforeActivation;

    public ClearinghouseConnection(LicenseServerOptions options, Ledger ledger)
    {
        _options = options;
        _identity = ledger.Identity;
        _clock = ledger.Clock;
        _root = options.ReadRoot();
        _beforeActivation = _root is null ? null : PublisherTrust.Of(_root);
        if (options.Clearinghouse is not { } address)
            return;
        // A clock that leapt is settled over this very connection, so a certificate is good at either time; what comes over it is signed by itself.
        _http = ClearinghouseServer.Connect(address, () => _identity.Current.Trust ?? _beforeActivation, () => [_clock.GetUtcNow(), _clock.Machine], options.ClearinghouseTimeout);
        _client = new(_http);
    }

    /// <summary>The clearinghouse.</summary>
    /// <exception cref="ProblemException">None is configured.</exception>
    public ClearinghouseClient Client => _client
        ?? throw new ProblemException(LicensingProblem.InvalidField, "no clearinghouse is configured; name one (--clearinghouse https://…) and start the license server again", "clearinghouse");

    public Uri? Address => _options.Clearinghouse;

    /// <summary>The root that was given: the one of the activation, else the configured one.</summary>
    /// <exception cref="ProblemException">None is configured.</exception>
    public X509Certificate2 Root => Trust.Roots[0];

    /// <summary>Whether a root was given.</summary>
    public bool HasRoot => (_identity.Current.Trust ?? _beforeActivation) is not null;

    /// <summary>What statements and certificates must lead to.</summary>
    /// <exception cref="ProblemException">No root is configured.</exception>
    public PublisherTrust Trust => _identity.Current.Trust ?? _beforeActivation
        ?? throw new ProblemException(LicensingProblem.InvalidField, "no published root is configured; name its file (--root FILE) and start the license server again", "root");

    /// <summary>Whether it answers now: null where it does or none is configured, else the step that fails.</summary>
    public async Task<(ConnectionFault Fault, string Text)?> ProbeAsync(CancellationToken cancellation)
    {
        if (_http is null || Address is not { } address)
            return null;
        using var limit = new CancellationTokenSource(ProbeTime);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, "v1/");
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return null;
        }
        catch (HttpRequestException failure)
        {
            return ConnectionFaults.Describe(failure, address);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (ConnectionFault.NoAnswer, $"no answer: nothing comes back from {address.Host}, port {address.Port}, within {ProbeTime.TotalSeconds:0} s");
        }
    }

    /// <summary>Remembers what is known while the license server is not activated.</summary>
    public void Know(PublisherTrust trust) => _beforeActivation = trust;

    /// <summary>Reads the issuing certificate of an answer and checks that it leads to the root.</summary>
    /// <exception cref="ProblemException">It does not.</exception>
    public X509Certificate2 ReadIssuing(string pem)
    {
        try
        {
            var issuing = X509Certificate2.CreateFromPem(pem);
            if (Trust.LeadsTo(issuing, [], _clock.GetUtcNow()))
                return issuing;
            issuing.Dispose();
        }
        catch (System.Security.Cryptography.CryptographicException noCertificate)
        {
            throw new ProblemException(LicensingProblem.SignatureInvalid, $"the clearinghouse's issuing certificate cannot be read: {noCertificate.Message}");
        }

        throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's issuing certificate does not lead to the published root; check the root file, the clearinghouse's address and this machine's clock");
    }

    public void Dispose()
    {
        _http?.Dispose();
        _root?.Dispose();
    }
}
