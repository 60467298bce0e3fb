using System.Text;

namespace Ostiary.Protocol.Sequences;

/// <summary>
/// What LICENSE_REQUEST and NEW_LICENSE_INFO say about the product ([MS-RDPELE] 2.2.2.1.1).
/// Invariant: the same values in both, and over the years, or a client that looks up its store by them does not present its license again.
/// </summary>
public sealed record LicensedProduct
{
    /// <summary>All text on the wire, so that the longest license still fits one PDU with it.</summary>
    private const int TextLimit = 800;

    /// <param name="version">dwVersion: major in the high 16 bits, minor in the low ones.</param>
    /// <param name="company">pbCompanyName, without terminator.</param>
    /// <param name="productId">pbProductId, without terminator.</param>
    /// <param name="scope">One scope, ASCII, without terminator.</param>
    public LicensedProduct(uint version, string company, string productId, string scope)
    {
        var length = Encoding.Unicode.GetByteCount(company) + Encoding.Unicode.GetByteCount(productId) + Encoding.UTF8.GetByteCount(scope);
        if (length > TextLimit)
            throw new ArgumentException($"Company, product id and scope take {length} bytes; the limit is {TextLimit}.");
        (Version, Company, ProductId, Scope) = (version, company, productId, scope);
    }

    public uint Version { get; }

    public string Company { get; }

    public string ProductId { get; }

    public string Scope { get; }
}
