using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Time;

/// <summary><c>POST /v1/time</c>: what time it is, signed, for a host whose clock has jumped.</summary>
internal static class TellTime
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/time", Tell).AtHosts(Credential.Membership);

    private static async Task Tell(HttpContext context)
    {
        var host = HostCredential.RequireMembership(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.TimeRequest).ConfigureAwait(false);
        if (request.Nonce is not { Length: SignedTimeStatement.NonceLength } nonce)
            throw new ProblemException(LicensingProblem.InvalidField, $"nonce has {SignedTimeStatement.NonceLength} bytes", "nonce");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await using (var db = ledger.Database.OpenReader())
            HostCredential.RequireMember(await db.Hosts.SingleOrDefaultAsync(row => row.HostId == host.HostId, context.RequestAborted).ConfigureAwait(false), host);
        var statement = new SignedTimeStatement(nonce, context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
        await Json.WriteAsync(context, new TimeAnswer(ledger.Identity.Key.SignStatement(statement.Encode())), ContractsJson.Default.TimeAnswer).ConfigureAwait(false);
    }
}
