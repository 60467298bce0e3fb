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

    /// <summary>For a draw: when it was drawn last.</summary>
    public required DateTimeOffset MintedAt { get; set; }

    /// <summary>The agreement that it was drawn from; null for one that was sold by itself.</summary>
    public long? AgreementId { get; init; }

    /// <summary>Names the draw, 16 bytes: the same again gets the same key.</summary>
    public byte[]? DrawNonce { get; init; }

    /// <summary>The License Server ID that drew it or that it was transferred to, and that alone may redeem it.</summary>
    public string? BoundTo { get; set; }

    /// <summary>The end of the key pack that it becomes; null for a perpetual one.</summary>
    public DateTimeOffset? PackUntil { get; set; }

    /// <summary>When its CALs were given back to the agreement: it is good for nothing until it is drawn again.</summary>
    public DateTimeOffset? ReleasedAt { get; set; }

    /// <summary>When it was given back to its agreement: it is good for nothing from then on.</summary>
    public DateTimeOffset? GivenBackAt { get; private set; }

    public DateTimeOffset? RedeemedAt { get; private set; }

    /// <summary>The License Server ID that redeemed it.</summary>
    public string? RedeemedBy { get; private set; }

    public Guid? PackId { get; private set; }

    /// <summary>Takes it from the license server that has redeemed it; it can be redeemed again, by the other one.</summary>
    public void Transfer(LicenseServerId to) => (RedeemedAt, RedeemedBy, PackId, BoundTo) = (null, null, null, to.Text);

    /// <summary>Its key pack went to another license server, with what was issued of it.</summary>
    public void Move(LicenseServerId to, Guid packId) => (RedeemedBy, PackId, BoundTo) = (to.Text, packId, to.Text);

    /// <summary>Its license server has another ID.</summary>
    public void Follow(string from, string to)
        => (RedeemedBy, BoundTo) = (RedeemedBy == from ? to : RedeemedBy, BoundTo == from ? to : BoundTo);

    /// <summary>Its license server has given its key pack up: whoever has the key can redeem it again.</summary>
    public void Free() => (RedeemedAt, RedeemedBy, PackId, BoundTo) = (null, null, null, null);

    /// <summary>Its license server has given it up, and the CALs count for its agreement no more.</summary>
    public void GiveBack(DateTimeOffset now) => (RedeemedAt, RedeemedBy, PackId, GivenBackAt) = (null, null, null, now);

    public void Redeem(LicenseServerId licenseServer, Guid packId, DateTimeOffset now)
    {
        if (RedeemedBy is not null || ReleasedAt is not null)
            throw new InvalidOperationException($"product key {Id} is redeemed or was given back");
        (RedeemedAt, RedeemedBy, PackId) = (now, licenseServer.Text, packId);
    }
}
