using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>The keys that the license server had before the pinned one.</summary>
internal sealed partial class ServerLink
{
    private volatile string? _offeredSuccessions;
    private volatile bool _heard;

    public IReadOnlyList<FormerKey> Predecessors { get; }

    /// <summary>The pinned key and those before it.</summary>
    public IEnumerable<KeyFingerprint> Keys => Predecessors.Select(before => before.Fingerprint).Prepend(Fingerprint);

    /// <summary>The pinned key and those before it that nobody else has.</summary>
    public IEnumerable<KeyFingerprint> ProvingKeys => Predecessors.Where(before => before.Proves).Select(before => before.Fingerprint).Prepend(Fingerprint);

    /// <summary>Something that is not of the pinned key has been shown at the address.</summary>
    public bool SawOtherKey => _connection.SawOtherKey;

    /// <summary>Names the keys that the license server says it had before; null where it names none.</summary>
    public string? OfferedSuccessions => _offeredSuccessions;

    /// <summary>Which keys it had before is known: it has said which, and they were taken. Until then nobody knows which receipts are its own.</summary>
    public bool KnowsKeys => _heard && _offeredSuccessions == TakenSuccessions;

    /// <summary>What was taken of them.</summary>
    public string? TakenSuccessions { get; set; }

    public bool Has(KeyFingerprint key) => Keys.Contains(key);

    /// <summary>The certificates of one of its keys, as they are known last.</summary>
    public IReadOnlyList<X509Certificate2> ChainOf(KeyFingerprint key)
        => Predecessors.FirstOrDefault(before => before.Fingerprint == key)?.Chain ?? LicenseServerChain;

    /// <summary>The host's certificate and those above it, PEM.</summary>
    public string Certificate => _certificate;

    /// <summary>Asks for the keys of before.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public Task<SuccessionDocuments> AskSuccessionsAsync(CancellationToken cancellation) => CallAsync(api => api.SuccessionsAsync(cancellation), cancellation);

    private IReadOnlyList<SuccessionStatus>? SuccessionRecords()
    {
        if (Predecessors.Count == 0)
            return null;
        var own = LicenseServerId.Of(Fingerprint).Text;
        return [.. Predecessors.Select(before => new SuccessionStatus(LicenseServerId.Of(before.Fingerprint).Text, own, before.Cause, null, before.FollowedAt))];
    }
}
