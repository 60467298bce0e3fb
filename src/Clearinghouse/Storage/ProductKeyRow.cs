using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>A product key that was minted.</summary>
internal sealed class ProductKeyRow
{
    public long Id { get; init; }

    /// <summary>HMAC-SHA256 of the key's one spelling.</summary>
    public required byte[] LookupHash { get; init; }

    /// <summary>The text, encrypted; null once it has been erased.</summary>
    public required byte[]? SealedText { get; set; }

    public required CalType Type { get; init; }

    public required CalVersion Version { get; init; }

    public required int Quantity { get; init; }

    public required string Program { get; init; }

    public required DateTimeOffset MintedAt { get; init; }

    public DateTimeOffset? RedeemedAt { get; private set; }

    /// <summary>The License Server ID that redeemed it.</summary>
    public string? RedeemedBy { get; private set; }

    public Guid? PackId { get; private set; }

    public void Redeem(LicenseServerId licenseServer, Guid packId, DateTimeOffset now)
    {
        if (RedeemedBy is not null)
            throw new InvalidOperationException($"product key {Id} is redeemed");
        (RedeemedAt, RedeemedBy, PackId) = (now, licenseServer.Text, packId);
    }
}
