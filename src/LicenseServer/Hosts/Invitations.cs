using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Http;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Hosts;

/// <summary><c>POST /v1/invitations</c>: an administrator invites a session host.</summary>
internal static class Invitations
{
    private const int MostHours = 720;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/invitations", Invite).At(Door.Administration).For(AccountRole.Operator)
        .Takes<InviteRequest>().Answers<InviteResponse>("Invites a session host.");

    /// <summary>How a token is stored.</summary>
    public static byte[] HashOf(string token) => SHA256.HashData([.. "Ostiary invitation"u8, .. Encoding.ASCII.GetBytes(token.ToLowerInvariant())]);

    /// <summary>How the audit names it: enough of the token's hash, and nothing of the token.</summary>
    public static string NameOf(IssuedInvitation invitation) => Convert.ToHexStringLower(invitation.TokenHash.AsSpan(0, 16));

    private static async Task Invite(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.InviteRequest).ConfigureAwait(false);
        var version = request.Version ?? CalVersion.Newest;
        if (!version.IsKnown)
            throw new ProblemException(LicensingProblem.InvalidField, $"version is one of {string.Join(", ", CalVersion.All)}, not {version}", "version");
        if (request.Hours is < 1 or > MostHours)
            throw new ProblemException(LicensingProblem.InvalidField, $"hours is 1 to {MostHours}, not {request.Hours}", "hours");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var address = context.RequestServices.GetRequiredService<PublicAddress>();
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var (invitation, _) = await ledger.WorkAsync(
            batch =>
            {
                var issued = new IssuedInvitation { TokenHash = HashOf(token), Version = version, Mode = request.Mode, ExpiresAt = batch.Now.AddHours(request.Hours) };
                batch.Audit("host-invited", CanonicalContent.Invitations, NameOf(issued), number =>
                {
                    issued.LedgerNumber = number;
                    return CanonicalContent.Of(issued);
                });
                batch.Db.Add(issued);
                return issued;
            },
            context.RequestAborted).ConfigureAwait(false);
        var text = new Invitation(address.Get(), ledger.Identity.Key.Fingerprint, token).Format();
        await Json.WriteAsync(context, new InviteResponse(text, invitation.ExpiresAt), ContractsJson.Default.InviteResponse).ConfigureAwait(false);
    }
}
