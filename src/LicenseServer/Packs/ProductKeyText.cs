using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;

namespace Ostiary.LicenseServer.Packs;

/// <summary>A product key as it was typed, brought to its one spelling. It has no printable form and is never stored.</summary>
internal sealed class ProductKeyText
{
    private const int MaxTyped = 256;

    private ProductKeyText(ProductKey key) => Key = key;

    public ProductKey Key { get; }

    /// <summary>25 symbols in 5 groups. A secret.</summary>
    public string Spelling => Key.Text;

    /// <summary>32 bytes: names the key in the ledger. 84 random bits in the key keep it from being found by trying.</summary>
    public byte[] Hash() => SHA256.HashData([.. "Ostiary product key"u8, .. Encoding.ASCII.GetBytes(Spelling)]);

    /// <exception cref="ProblemException">The text is no product key; the problem says where.</exception>
    public static ProductKeyText Parse(string? typed)
    {
        if (string.IsNullOrWhiteSpace(typed))
            throw new ProblemException(LicensingProblem.InvalidField, "a product key is needed", "productKey");
        if (typed.Length > MaxTyped)
            throw new ProblemException(LicensingProblem.ProductKeyMistyped, $"a product key has {ProductKey.SymbolCount} symbols; this text has {typed.Length} characters", "productKey");
        if (ProductKey.TryParse(typed, out var key, out var error))
            return new(key);
        throw new ProblemException(error.Fault == ProductKeyFault.NotUnderstood ? LicensingProblem.InvalidField : LicensingProblem.ProductKeyMistyped, error.Message, "productKey");
    }

    public override string ToString() => nameof(ProductKeyText);
}
