using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Agreements;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>What a request code asks for, said before anything is done.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="LicenseServerId">For which license server.</param>
/// <param name="Done">It was done before: the same answer is given again.</param>
/// <param name="Key">What the product key is for; null for anything else.</param>
/// <param name="Draw">What is drawn from an agreement; null for anything else.</param>
/// <param name="Left">CALs of that kind that the agreement has left.</param>
/// <param name="Reason">Of a reactivation; null for anything else.</param>
/// <param name="Deactivation">What a deactivation frees; null for anything else.</param>
/// <param name="KeyPacks">Key packs that a replacement asks for.</param>
public sealed record CarriedRequest(
    CodeKind Kind, string LicenseServerId, bool Done, CheckProductKeyResponse? Key, DrawRequest? Draw = null, int Left = 0, ReactivationReason? Reason = null,
    DeactivationOutlook? Deactivation = null, int KeyPacks = 0)
{
    /// <summary>The company information is asked for.</summary>
    public bool NeedsCompany => Kind == CodeKind.Activation;

    /// <summary>It is asked who confirms it.</summary>
    public bool NeedsContact => Kind is CodeKind.Reactivation or CodeKind.Deactivation;
}

/// <summary>Request codes from a person's hand: what they ask, and the answer. Rows and signatures are those of every other method.</summary>
internal sealed class CarriedRequests(
    Activations activations, ReactivateLicenseServer reactivations, Deactivations deactivations, ReplaceDocuments replacements, Redemptions redemptions, CheckProductKey keys,
    AgreementDraws agreements)
{
    /// <summary>Reads and verifies a code, and spends nothing.</summary>
    /// <exception cref="ProblemException">It is none, or not signed by its license server.</exception>
    public async Task<CarriedRequest> ReadAsync(string? text, CancellationToken cancellation)
    {
        var code = Parse(text);
        if (code.Kind == CodeKind.Activation)
        {
            var request = ReadActivation(code);
            var id = LicenseServerId.Of(request.SubjectPublicKeyInfo());
            return new(code.Kind, id.Text, await activations.IsDoneAsync(request, cancellation), null);
        }

        if (code.Kind == CodeKind.Reactivation)
        {
            var request = ReadReactivation(code);
            var id = LicenseServerId.Of(request.SubjectPublicKeyInfo());
            await activations.RequireInForceAsync(id, cancellation);
            return new(code.Kind, id.Text, await activations.IsDoneAsync(request, cancellation), null, Reason: request.Kind.Reason());
        }

        if (code.Kind == CodeKind.Deactivation)
        {
            var request = ReadDeactivation(code);
            var outlook = await deactivations.LookAsync(request, cancellation);
            return new(code.Kind, LicenseServerId.Of(request.SubjectPublicKeyInfo()).Text, outlook.Done, null, Deactivation: outlook);
        }

        if (code.Kind == CodeKind.Replacement)
        {
            var (asked, activation) = ReplaceDocuments.Read(code.Content);
            return new(code.Kind, LicenseServerId.Of(activation.SubjectPublicKeyInfo()).Text, false, null, KeyPacks: asked.KeyPacks.Count);
        }

        using var licenseServer = await IdentifyAsync(code, cancellation);
        if (code.Kind == CodeKind.Draw)
        {
            var draw = DrawCals.ReadRequest(code.Content, licenseServer);
            var (done, left) = await agreements.LookAsync(draw, licenseServer, cancellation);
            return new(code.Kind, licenseServer.Id.Text, done, null, draw, left);
        }

        var key = await keys.CheckAsync(RedeemProductKey.ReadRequest(code.Content, licenseServer), licenseServer.Id, cancellation);
        return new(code.Kind, licenseServer.Id.Text, key.State == ProductKeyState.RedeemedHere, key);
    }

    /// <summary>Does what a code asks.</summary>
    /// <param name="text">The code.</param>
    /// <param name="company">Who asks; null but for an activation.</param>
    /// <param name="contact">Who confirms; null but for a reactivation or a deactivation.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">It cannot be done; the problem says why.</exception>
    public async Task<ResponseCode> AnswerAsync(string? text, CompanyInformation? company, ContactPerson? contact, CancellationToken cancellation)
    {
        var code = Parse(text);
        if (code.Kind == CodeKind.Activation)
        {
            var request = ReadActivation(code);
            ActivateLicenseServer.Check(company ?? throw new ProblemException(LicensingProblem.InvalidField, "company is required", "company"));
            var row = await activations.ActivateAsync(request, company, ConnectionMethod.Web, cancellation);
            return ResponseCode.Activation(Activations.AnswerOf(row), activations.IssuerOf(row).RawData);
        }

        if (code.Kind == CodeKind.Reactivation)
        {
            var (row, packs, next) = await reactivations.ReactivateAsync(
                ReadReactivation(code), ActivateLicenseServer.Check(contact), ConnectionMethod.Web, code.ReadAfter(), cancellation);
            return ResponseCode.Reactivation(Bundle(row, packs, next));
        }

        if (code.Kind == CodeKind.Deactivation)
        {
            var row = await deactivations.DeactivateAsync(ReadDeactivation(code), ActivateLicenseServer.Check(contact), ConnectionMethod.Web, cancellation);
            return ResponseCode.Deactivation(row.Statement!, deactivations.IssuerOf(row).RawData);
        }

        if (code.Kind == CodeKind.Replacement)
        {
            var (row, packs) = await replacements.ReplaceAsync(code.Content, cancellation);
            return ResponseCode.Replacement(Bundle(row, packs, null));
        }

        using var licenseServer = await IdentifyAsync(code, cancellation);
        if (code.Kind == CodeKind.Draw)
        {
            var (_, drawn) = await agreements.DrawAsync(DrawCals.ReadRequest(code.Content, licenseServer), licenseServer, ConnectionMethod.Web, cancellation);
            var made = await redemptions.RedeemAsync(drawn, licenseServer, ConnectionMethod.Web, cancellation);
            return ResponseCode.Draw(drawn.Text, made.Statement!, redemptions.IssuerOf(made).RawData);
        }

        var pack = await redemptions.RedeemAsync(RedeemProductKey.ReadRequest(code.Content, licenseServer), licenseServer, ConnectionMethod.Web, cancellation);
        return ResponseCode.KeyPack(pack.Statement!, redemptions.IssuerOf(pack).RawData);
    }

    private static RequestCode Parse(string? text)
        => RequestCode.TryParse(text, out var code, out var error) ? code : throw new ProblemException(LicensingProblem.InvalidField, error, "code");

    private static ActivationRequest ReadActivation(RequestCode code)
    {
        var (request, proof) = code.ReadActivation();
        var asked = ActivateLicenseServer.Proven(request, proof);
        ActivateLicenseServer.RequireKind(asked, asked.Kind == ActivationKind.Activate, "an activation");
        return asked;
    }

    private static ActivationRequest ReadReactivation(RequestCode code)
    {
        var (request, proof) = code.ReadActivation();
        return ReactivateLicenseServer.Read(request, proof);
    }

    private static ActivationRequest ReadDeactivation(RequestCode code)
    {
        var (request, proof) = code.ReadActivation();
        return DeactivateLicenseServer.Read(request, proof);
    }

    private CarriedDocuments Bundle(ActivationRow row, IReadOnlyList<KeyPackRow> packs, long? next)
        => new(Activations.AnswerOf(row), activations.IssuerOf(row).RawData, [.. packs.Select(pack => (pack.Statement!, redemptions.IssuerOf(pack).RawData))], next);

    // The request names the key that signed it, and that key's license server we know.
    private Task<LicenseServerIdentity> IdentifyAsync(RequestCode code, CancellationToken cancellation)
        => Statement.TryReadSigner(code.Content, out var signer)
            ? activations.IdentifyAsync(LicenseServerId.Of(signer), cancellation)
            : throw new ProblemException(LicensingProblem.InvalidField, "the code holds no signed request", "code");
}
