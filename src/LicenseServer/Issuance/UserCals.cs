using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary><c>POST /v1/user-cals</c>: what session hosts ask for when somebody logs on.</summary>
internal static class UserCals
{
    private const int MaxName = 255;
    private const int MaxStableId = 64;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/user-cals", Handle).AtHosts(Credential.Membership);

    private static async Task Handle(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.UserCalRequest).ConfigureAwait(false);
        if (request.RequestId == Guid.Empty)
            throw new ProblemException(LicensingProblem.InvalidField, "requestId is required", "requestId");
        if (request.User is not { } user)
            throw new ProblemException(LicensingProblem.InvalidField, "user is required", "user");
        Json.Text(user.Name, "user.name", MaxName);
        Json.Text(user.Realm, "user.realm", MaxName, mayBeEmpty: true);
        // What makes the person: a directory account has both, a local account neither.
        if (user.Realm.Length > 0)
            Json.Text(user.StableId, "user.stableId", MaxStableId);
        else if (user.StableId is not null)
            throw new ProblemException(LicensingProblem.InvalidField, "user.stableId is of directory accounts; this one has no realm", "user.stableId");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var answer = await ledger.RequestUserCalAsync(HostCredential.RequireMembership(context), request, context.RequestAborted).ConfigureAwait(false);
        CrashPoints.Reach(CrashPoints.BeforeAnswer);
        await Json.WriteAsync(context, answer, ContractsJson.Default.UserCalAnswer).ConfigureAwait(false);
    }
}
