using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Status;

namespace Ostiary.LicenseServer.Succession;

/// <summary><c>POST /v1/succession</c>: the key is followed by another; see <see cref="Succeeding"/>.</summary>
internal static class SucceedKey
{
    private const int MaxReason = 255;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/succession", Handle).At(Door.Administration).For(AccountRole.Administrator)
        .Takes<SucceedKeyRequest>().Answers<LicenseServerStatus>("Another key follows the license server's; the same again goes on where it was.");

    private static async Task Handle(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.SucceedKeyRequest).ConfigureAwait(false);
        if (request.Cause is not { } cause)
            throw new ProblemException(LicensingProblem.InvalidField, $"cause is one of: {string.Join(", ", Enum.GetValues<SuccessionCause>().Select(KebabCase.Of))}", "cause");
        if (request.Reason is { Length: > MaxReason } reason)
            throw new ProblemException(LicensingProblem.InvalidField, $"reason has {reason.Length} characters; at most {MaxReason} are taken", "reason");
        await context.RequestServices.GetRequiredService<Succeeding>().SucceedAsync(cause, request.Reason, context.RequestAborted).ConfigureAwait(false);
        await GetStatus.AnswerAsync(context).ConfigureAwait(false);
    }
}
