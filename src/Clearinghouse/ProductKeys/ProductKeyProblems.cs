using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary>How product keys that are not right are answered.</summary>
internal static class ProductKeyProblems
{
    private const string Field = "productKey";

    /// <summary>The one answer for every key that was not minted here, whatever it looks like.</summary>
    public static ProblemException Unknown()
        => new(LicensingProblem.ProductKeyUnknown, "this publisher has no such product key; compare it with the one that was sent", Field);

    /// <exception cref="ProblemException">Its CALs were given back to the agreement.</exception>
    public static void RequireDrawn(ProductKeyRow key)
    {
        if (key.ReleasedAt is { } released)
            throw new ProblemException(
                LicensingProblem.RuleForbids, $"nobody installed this product key, and its CALs were given back to the agreement on {released:yyyy-MM-dd}; draw them again (ostiary packs draw)", Field);
    }

    /// <summary>A drawn key whose license server was deactivated.</summary>
    public static ProblemException GivenBack(DateTimeOffset at)
        => new(LicensingProblem.RuleForbids, $"the CALs of this product key went back to their agreement on {at:yyyy-MM-dd}, when their license server was deactivated; draw them again", Field);

    /// <exception cref="ProblemException">A symbol is wrong (the message names its position), or it cannot be one of ours.</exception>
    public static ProductKey Parse(string text)
    {
        if (ProductKey.TryParse(text, out var key, out var error))
            return key;
        throw error.Fault == ProductKeyFault.NotUnderstood ? Unknown() : new(LicensingProblem.ProductKeyMistyped, error.Message, Field);
    }
}
