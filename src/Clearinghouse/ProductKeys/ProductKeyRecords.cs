using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;

namespace Ostiary.Clearinghouse.ProductKeys;

internal static class ProductKeyRecords
{
    public static ProductKeyRecord Of(ProductKeyRow row, string? text)
        => new(row.Id, text, row.Type, row.Version, row.Quantity, row.Program, row.MintedAt, row.RedeemedAt, row.RedeemedBy, row.PackId);
}
