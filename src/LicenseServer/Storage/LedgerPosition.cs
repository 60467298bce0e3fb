using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Identity;

namespace Ostiary.LicenseServer.Storage;

/// <summary>The ledger's head after a commit. It is signed once, by the first who needs the signature, however many answers carry it.</summary>
internal sealed class LedgerPosition(long number, byte[] hash, SigningKey key)
{
    private readonly Lazy<LedgerHead> _signed = new(() => new(number, hash, key.Sign(LedgerHead.ToBeSigned(number, hash))));

    public long Number => number;

    public byte[] Hash => hash;

    public SigningKey Key => key;

    public LedgerHead Signed => _signed.Value;
}

/// <summary>A session host that has shown its certificate.</summary>
/// <param name="HostId">The host's number.</param>
/// <param name="KeyHash">SHA-256 of its SubjectPublicKeyInfo, as TLS proved it.</param>
internal sealed record HostIdentity(Guid HostId, byte[] KeyHash);
