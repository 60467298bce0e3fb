using Ostiary.Contracts.Catalogue;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>What was sold by a license program with agreements.</summary>
internal sealed class AgreementRow
{
    public long Id { get; init; }

    public required string Program { get; init; }

    /// <summary>In their one spelling, separated by slashes.</summary>
    public required string Numbers { get; init; }

    public required string Customer { get; init; }

    public required DateTimeOffset EnteredAt { get; init; }

    public DateTimeOffset? Until { get; set; }

    public required bool PacksEndWithIt { get; init; }

    public bool Closed { get; set; }

    public List<AgreementLimitRow> Limits { get; init; } = [];

    public List<AgreementServerRow> Servers { get; init; } = [];
}

/// <summary>CALs of one type and version in an agreement. What was drawn stands in the row, so that the transaction that draws decides.</summary>
internal sealed class AgreementLimitRow
{
    public long AgreementId { get; init; }

    public required CalType Type { get; init; }

    public required CalVersion Version { get; init; }

    public required int Quantity { get; set; }

    public int Drawn { get; private set; }

    public void Draw(int quantity)
    {
        if (quantity < 1 || quantity > Quantity - Drawn)
            throw new InvalidOperationException($"agreement {AgreementId} has {Quantity - Drawn} left, not {quantity}");
        Drawn += quantity;
    }

    /// <summary>What was drawn is not used any more.</summary>
    public void GiveBack(int quantity)
    {
        if (quantity < 1 || quantity > Drawn)
            throw new InvalidOperationException($"agreement {AgreementId} has {Drawn} drawn, and {quantity} cannot come back");
        Drawn -= quantity;
    }
}

/// <summary>A license server that may draw from an agreement.</summary>
internal sealed class AgreementServerRow
{
    public long AgreementId { get; init; }

    public required string LicenseServerId { get; init; }
}
