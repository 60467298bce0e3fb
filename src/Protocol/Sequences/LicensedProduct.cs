namespace Ostiary.Protocol.Sequences;

/// <summary>
/// What LICENSE_REQUEST and NEW_LICENSE_INFO say about the product ([MS-RDPELE] 2.2.2.1.1).
/// Invariant: the same values in both, and over the years, or a client that looks up its store by them does not present its license again.
/// </summary>
/// <param name="Version">dwVersion: major in the high 16 bits, minor in the low ones.</param>
/// <param name="Company">pbCompanyName, without terminator.</param>
/// <param name="ProductId">pbProductId, without terminator.</param>
/// <param name="Scope">One scope, ASCII, without terminator.</param>
public sealed record LicensedProduct(uint Version, string Company, string ProductId, string Scope);
