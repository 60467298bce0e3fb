using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Trust;

/// <summary>
/// <c>POST /v1/trust</c>, for administrators: roots, withdrawn issuing keys and the revocation list by hand, where there is no network. Each part is checked as if
/// it came over the network; documents that a withdrawn key has signed are replaced by codes that are carried to the clearinghouse's page and back.
/// </summary>
internal static class InstallTrust
{
    /// <summary>Bytes of a body: documents with full lists, and the answers for some hundred key packs.</summary>
    public const int BodyLimit = 512 * 1024;

    private const int MaxResponseCodes = 10;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/trust", Handle).At(Door.Administration).For(AccountRole.Administrator).WithMetadata(new BodyLimitMetadata(BodyLimit))
        .Takes<InstallTrustRequest>().Answers<InstalledTrust>("Takes what there is to know of the publisher by hand.");

    private static async Task Handle(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.InstallTrustRequest).ConfigureAwait(false);
        var documents = Json.Require(body.Documents, "documents");
        _ = Json.Require(documents.Certificates, "documents.certificates");
        var codes = body.ResponseCodes ?? [];
        if (codes.Count > MaxResponseCodes)
            throw new ProblemException(LicensingProblem.InvalidField, $"responseCodes has {codes.Count} codes; at most {MaxResponseCodes} are taken", "responseCodes");
        var answers = codes.Select(code => CarriedIssuers.ReadCode(code).ReadDocuments(CodeKind.Replacement)
            ?? throw new ProblemException(LicensingProblem.InvalidField, "a response code is not that of a replacement", "responseCodes")).ToList();
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var root = clearinghouse.Root.ExportCertificatePem();
        var requests = await context.RequestServices.GetRequiredService<TrustPulls>().InstallAsync(documents, answers, context.RequestAborted).ConfigureAwait(false);
        var identity = context.RequestServices.GetRequiredService<Ledger>().Identity;
        var trust = clearinghouse.Trust;
        await Json.WriteAsync(
            context,
            new(requests.Count == 0, trust.Roots.Count, trust.Withdrawals?.Number ?? 0, trust.Revocations?.Number ?? 0,
                [.. requests.Select(request => new CarriedExchange(identity.Id.Text, new RequestCode(CodeKind.Replacement, request).Text, clearinghouse.Address?.AbsoluteUri, root))],
                clearinghouse.Address?.AbsoluteUri, root),
            ContractsJson.Default.InstalledTrust).ConfigureAwait(false);
    }
}
