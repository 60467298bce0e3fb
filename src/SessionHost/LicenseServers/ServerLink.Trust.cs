using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>What the host knows of the publisher that a license server has.</summary>
internal sealed partial class ServerLink
{
    private volatile PublisherTrust? _trust;
    private volatile bool _chainHolds;
    private volatile string? _offeredTrust;

    /// <summary>What is known of the publisher; null while the license server is not activated, as far as this host knows.</summary>
    public PublisherTrust? Trust => _trust;

    /// <summary>The license server's certificate and those above it, as it showed them last.</summary>
    public IReadOnlyList<X509Certificate2> LicenseServerChain => [.. _chain.Skip(1)];

    /// <summary>The publisher has revoked this license server: it is not asked, and its CALs and leases count for nothing. Null where not.</summary>
    public RevokedLicenseServer? Revoked => _trust?.RevocationOf(Fingerprint);

    /// <summary>Names what the license server knows of the publisher, as it said last; null where it said nothing.</summary>
    public string? OfferedTrust => _offeredTrust;

    /// <summary>What was taken of the publisher when the license server knew this.</summary>
    public string? TakenTrust { get; set; }

    /// <summary>Whether the license server's certificate would hold under this.</summary>
    public bool HoldsUnder(PublisherTrust trust) => trust.LeadsTo(_chain[1], _chain.Skip(2), _time.GetUtcNow());

    /// <summary>This is known from here on.</summary>
    public void Know(PublisherTrust trust)
    {
        _trust = trust;
        _chainHolds = HoldsUnder(trust);
    }

    /// <summary>Asks what there is to know of the publisher.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public Task<TrustDocuments> AskTrustAsync(CancellationToken cancellation) => CallAsync(api => api.TrustAsync(cancellation), cancellation);
}
