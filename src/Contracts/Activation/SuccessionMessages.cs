using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Activation;

/// <summary>
/// <c>POST /v1/successions</c> of a clearinghouse: a license server's key is followed by another. The same request again gets the same answer. Without a
/// statement it is asked what the publisher has said of this key.
/// </summary>
/// <param name="Request"><see cref="ActivationRequest.Encode"/> of the new key.</param>
/// <param name="Proof">The new key's signature over <see cref="ActivateRequest.ToBeProven"/>.</param>
/// <param name="Statement">A <see cref="SuccessionStatement"/>, signed by the old key; null where that is lost.</param>
public sealed record SucceedRequest(byte[] Request, byte[] Proof, byte[]? Statement = null);

/// <param name="Statement">A <see cref="SuccessionStatement"/>, signed by the old key or by an issuing key.</param>
/// <param name="IssuingCertificate">The certificate of the issuing key that signed the statement, PEM; null where the old key did.</param>
/// <param name="OldCertificates">The old key's certificate and its issuer's, PEM.</param>
/// <param name="Activation">The new key's certificate.</param>
/// <param name="KeyPacks">The numbers of the key packs that are the new key's now; each is fetched by <c>POST /v1/replacements</c>.</param>
public sealed record SucceedResponse(byte[] Statement, string? IssuingCertificate, string OldCertificates, ActivateResponse Activation, IReadOnlyList<Guid> KeyPacks);
