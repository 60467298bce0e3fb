using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Activation;

/// <summary>How a license server and a clearinghouse talk.</summary>
public enum ConnectionMethod
{
    /// <summary>HTTPS between the two, or carried by a machine that reaches the clearinghouse.</summary>
    Automatic,

    /// <summary>A person carries codes to the clearinghouse's page and back.</summary>
    Web,

    /// <summary>Groups are read aloud.</summary>
    Telephone,
}

/// <summary><c>POST /v1/activations</c>. The same request (38 bytes) again gets the same answer.</summary>
/// <param name="Request"><see cref="ActivationRequest.Encode"/>.</param>
/// <param name="Proof">The license server's signature (IEEE P1363, SHA-256) over "Ostiary activation" and the request: it holds the key.</param>
/// <param name="Company">Who asks.</param>
public sealed record ActivateRequest(byte[] Request, byte[] Proof, CompanyInformation Company)
{
    /// <summary>The bytes that <see cref="Proof"/> signs.</summary>
    public static byte[] ToBeProven(ReadOnlySpan<byte> request) => [.. "Ostiary activation"u8, .. request];
}

/// <param name="Day"><see cref="ActivationAnswer.Day"/>.</param>
/// <param name="KeyId"><see cref="ActivationAnswer.KeyId"/>.</param>
/// <param name="Term"><see cref="ActivationAnswer.Term"/>.</param>
/// <param name="Signature"><see cref="ActivationAnswer.Signature"/>.</param>
/// <param name="IssuingCertificate">The issuing certificate, PEM.</param>
public sealed record ActivateResponse(ushort Day, uint KeyId, byte Term, byte[] Signature, string IssuingCertificate);

/// <summary>
/// <c>POST /v1/reactivations</c>: a new certificate for the same key, and every key pack that the clearinghouse has for it. The same request (38 bytes) again
/// gets the same certificate; company information stays as it is.
/// </summary>
/// <param name="Request"><see cref="ActivationRequest.Encode"/>, of a reactivation's kind.</param>
/// <param name="Proof">As in <see cref="ActivateRequest"/>.</param>
/// <param name="Contact">Who confirms it.</param>
/// <param name="After">Goes on with key packs after this number, the <see cref="ReactivateResponse.Next"/> of the answer before; null at the beginning.</param>
public sealed record ReactivateRequest(byte[] Request, byte[] Proof, ContactPerson Contact, long? After = null);

/// <param name="Activation">The license server's new certificate.</param>
/// <param name="KeyPacks">At most <see cref="MaxKeyPacks"/>.</param>
/// <param name="Next">Where to go on; null after the last key pack.</param>
public sealed record ReactivateResponse(ActivateResponse Activation, IReadOnlyList<RedeemResponse> KeyPacks, long? Next = null)
{
    public const int MaxKeyPacks = 100;
}

/// <summary>
/// <c>POST /v1/deactivations</c>: the license server has given its key packs up. Their product keys can be redeemed again, and what was drawn goes back to its
/// agreement. The same request (38 bytes) again gets the same confirmation.
/// </summary>
/// <param name="Request"><see cref="ActivationRequest.Encode"/>, of kind <see cref="ActivationKind.Deactivate"/>.</param>
/// <param name="Proof">As in <see cref="ActivateRequest"/>.</param>
/// <param name="Contact">Who confirms it.</param>
public sealed record DeactivateRequest(byte[] Request, byte[] Proof, ContactPerson Contact);

/// <param name="Confirmation">A <see cref="Statements.DeactivationStatement"/>, signed by an issuing key.</param>
/// <param name="IssuingCertificate">The certificate of the key that signed it, PEM.</param>
public sealed record DeactivateResponse(byte[] Confirmation, string IssuingCertificate);

/// <summary><c>POST /v1/product-keys/check</c>. Spends nothing.</summary>
/// <param name="ProductKey">The key as typed.</param>
/// <param name="LicenseServerId">Who asks, so that its own redeemed key is told from another's; may be null.</param>
public sealed record CheckProductKeyRequest(string ProductKey, string? LicenseServerId)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(CheckProductKeyRequest);
}

public enum ProductKeyState
{
    /// <summary>It can be installed.</summary>
    Available,

    /// <summary>It is installed on the license server that asks; installing again gives the same pack.</summary>
    RedeemedHere,

    /// <summary>It is installed on another license server.</summary>
    RedeemedElsewhere,
}

public sealed record CheckProductKeyResponse(ProductKeyState State, CalType Type, CalVersion Version, int Quantity, string Program);

/// <summary><c>POST /v1/key-packs</c>: redeems a product key. The same key from the same license server gets the same pack.</summary>
/// <param name="Request">A <see cref="Statements.RedemptionRequest"/>, signed by the license server.</param>
/// <param name="LicenseServerCertificate">The license server's certificate, PEM.</param>
public sealed record RedeemRequest(byte[] Request, string LicenseServerCertificate);

/// <param name="KeyPack">A <see cref="Statements.KeyPackStatement"/>, signed by an issuing key.</param>
/// <param name="IssuingCertificate">The certificate of the key that signed it, PEM.</param>
public sealed record RedeemResponse(byte[] KeyPack, string IssuingCertificate);

/// <summary><c>POST /v1/draws</c>: draws CALs from an agreement, as a product key for the license server that asks. The same request gets the same key.</summary>
/// <param name="Request">A <see cref="Statements.DrawRequest"/>, signed by the license server.</param>
/// <param name="LicenseServerCertificate">The license server's certificate, PEM.</param>
public sealed record DrawCalsRequest(byte[] Request, string LicenseServerCertificate);

/// <param name="ProductKey">For this license server only; it is redeemed as any other.</param>
public sealed record DrawCalsResponse(string ProductKey)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(DrawCalsResponse);
}

/// <summary><c>POST /v1/time</c> of a clearinghouse, for a license server whose clock has leapt.</summary>
/// <param name="Statement">A <see cref="Statements.SignedTimeStatement"/>, signed by an issuing key.</param>
/// <param name="IssuingCertificate">The certificate of the key that signed it, PEM.</param>
public sealed record ClearinghouseTimeAnswer(byte[] Statement, string IssuingCertificate);
