namespace Ostiary.Contracts.Trust;

/// <summary>
/// <c>GET /v1/trust</c> of a clearinghouse, and of a license server at its hosts' door: what there is to know of whom to trust. Nothing of it is believed
/// because of where it came from; <see cref="PublisherTrust"/> checks each part.
/// </summary>
/// <param name="Certificates">Roots and cross certificates, PEM; at most <see cref="MaxPemLength"/> characters and <see cref="MaxCertificates"/> certificates.</param>
/// <param name="Withdrawn">A <see cref="Statements.WithdrawnIssuingKeysStatement"/>, signed by a root's key; null while no issuing key was withdrawn.</param>
/// <param name="Revocations">A <see cref="Statements.ClearinghouseRevocationsStatement"/>, signed by an issuing key; null before the first.</param>
/// <param name="RevocationsIssuer">The certificate of the key that signed <paramref name="Revocations"/>, PEM.</param>
public sealed record TrustDocuments(string Certificates, byte[]? Withdrawn = null, byte[]? Revocations = null, string? RevocationsIssuer = null)
{
    public const int MaxPemLength = 64 * 1024;

    /// <summary>A root and its cross certificate for each of 24 roots.</summary>
    public const int MaxCertificates = 48;
}

/// <summary><c>POST /v1/replacements</c> of a clearinghouse.</summary>
/// <param name="Request">A <see cref="Statements.ReplacementRequestStatement"/>, signed by the license server's key.</param>
public sealed record ReplacementRequest(byte[] Request);

/// <param name="Activation">The license server's certificate by the key in use.</param>
/// <param name="KeyPacks">Those of the packs that are this license server's.</param>
public sealed record ReplacementAnswer(Activation.ActivateResponse Activation, IReadOnlyList<Activation.RedeemResponse> KeyPacks);
