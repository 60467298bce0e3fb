using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Doors;

namespace Ostiary.LicenseServer.Diagnosis;

/// <summary><c>GET /v1/findings</c> and <c>POST /v1/diagnosis-bundle</c>.</summary>
internal static class ListFindings
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/findings", AnswerAsync).At(Door.Administration).For(AccountRole.Reader)
            .Answers<RoleFindings>("What is wrong with this license server, with its cause and how to mend it; errors first.");
        routes.MapPost("/v1/diagnosis-bundle", BundleAsync).At(Door.Administration).For(AccountRole.Reader)
            .Answers<DiagnosisBundleAnswer>("The same, signed with the license server's key, for whoever helps from elsewhere.");
    }

    private static async Task AnswerAsync(HttpContext context)
        => await Json.WriteAsync(context, await Checks(context).ReportAsync(context.RequestAborted).ConfigureAwait(false), ContractsJson.Default.RoleFindings).ConfigureAwait(false);

    private static async Task BundleAsync(HttpContext context)
        => await Json.WriteAsync(context, await Checks(context).BundleAsync(context.RequestAborted).ConfigureAwait(false), ContractsJson.Default.DiagnosisBundleAnswer).ConfigureAwait(false);

    private static ServerChecks Checks(HttpContext context) => context.RequestServices.GetRequiredService<ServerChecks>();
}
