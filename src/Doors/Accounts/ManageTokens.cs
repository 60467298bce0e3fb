using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary><c>GET /v1/tokens</c>, <c>POST /v1/tokens</c>, <c>DELETE /v1/tokens/{id}</c>: everybody's own; for administrators all.</summary>
public static class ManageTokens
{
    private const int MostDays = 365;
    private const int MostLive = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/tokens", List).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<TokenRecord>("One's own tokens; all of them for administrators.");
        routes.MapPost("/v1/tokens", Create).At(Door.Administration).For(AccountRole.Reader)
            .Takes<CreateTokenRequest>().Answers<CreateTokenResponse>("Makes a token for a program.");
        routes.MapDelete("/v1/tokens/{id}", Revoke).At(Door.Administration).For(AccountRole.Reader)
            .Answers<TokenRecord>("Ends a token: one's own; another's for administrators.");
    }

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? Guid.Empty : Guid.TryParseExact(text, "D", out var id) ? id : throw Json.NotACursor();
        var caller = Caller.Of(context);
        await using var db = context.RequestServices.GetRequiredService<IAccountStore>().OpenReader();
        var tokens = caller.Role == AccountRole.Administrator ? db.Tokens : db.Tokens.Where(row => row.AccountId == caller.AccountId);
        var rows = await tokens.Where(row => row.TokenId.CompareTo(after) > 0).OrderBy(row => row.TokenId).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        Guid?[] owners = [.. rows.Select(row => row.AccountId).Distinct()];
        var names = await db.Accounts.Where(row => owners.Contains(row.AccountId)).ToDictionaryAsync(row => row.AccountId, row => row.Name, context.RequestAborted).ConfigureAwait(false);
        var page = new Page<TokenRecord>(
            [.. rows.Take(limit).Select(row => RecordOf(row, row.AccountId is { } owner ? names[owner] : Author.Root))],
            rows.Count > limit ? $"{rows[limit - 1].TokenId}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageTokenRecord).ConfigureAwait(false);
    }

    private static async Task Create(HttpContext context)
    {
        var caller = Caller.Of(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.CreateTokenRequest).ConfigureAwait(false);
        var name = AccountNames.CheckToken(request.Name);
        var role = request.Role ?? throw new ProblemException(LicensingProblem.InvalidField, "role is required: reader, operator or administrator", "role");
        if (request.Days is < 1 or > MostDays)
            throw new ProblemException(LicensingProblem.InvalidField, $"days is 1 to {MostDays}, not {request.Days}", "days");
        // Or a token that was stolen could outlive its own end.
        if (caller.Token is { Kind: TokenKind.Api })
            throw new ProblemException(LicensingProblem.NotAllowed, "a token that was made for a program makes no other tokens; sign in");
        caller.Require(role);
        var (text, hash) = TokenCredential.Draw();
        var token = await context.RequestServices.GetRequiredService<IAccountStore>().WorkAsync(
            work =>
            {
                var live = work.Tokens.Where(row => row.AccountId == caller.AccountId && row.Kind == TokenKind.Api && row.RevokedAt == null && row.ExpiresAt > work.Now).ToList();
                if (live.Exists(row => row.Name == name))
                    throw new ProblemException(LicensingProblem.AlreadyExists, $"there is a token {name}; revoke it first, or choose another name", "name");
                if (live.Count >= MostLive)
                    throw new ProblemException(LicensingProblem.NotAllowed, $"{caller.Name} has {live.Count} tokens; at most {MostLive} are kept. Revoke one first");
                return Tokens.Add(work, new()
                {
                    TokenId = Guid.CreateVersion7(work.Now),
                    Kind = TokenKind.Api,
                    Hash = hash,
                    Name = name,
                    AccountId = caller.AccountId,
                    Role = role,
                    CreatedAt = work.Now,
                    ExpiresAt = work.Now.AddDays(request.Days),
                });
            },
            context.RequestAborted).ConfigureAwait(false);
        // Whoever makes one over a connection is not a token of a program: the caller's name is the owner's.
        await Json.WriteAsync(context, new CreateTokenResponse(text, RecordOf(token, caller.Name)), ContractsJson.Default.CreateTokenResponse).ConfigureAwait(false);
    }

    private static async Task Revoke(HttpContext context)
    {
        var caller = Caller.Of(context);
        if (!Guid.TryParse(context.Request.RouteValues["id"] as string, out var id))
            throw new ProblemException(LicensingProblem.InvalidField, "id is a token's number, as the list shows it", "id");
        var store = context.RequestServices.GetRequiredService<IAccountStore>();
        var (token, owner) = await store.WorkAsync(
            work =>
            {
                // Another's token is not there for those who may not see it.
                if (work.Tokens.SingleOrDefault(row => row.TokenId == id) is not { } found
                    || (caller.Role < AccountRole.Administrator && (found.AccountId is null || found.AccountId != caller.AccountId)))
                    throw new ProblemException(LicensingProblem.NotFound, $"there is no token {id}", "id");
                var accountId = found.AccountId;
                return (Tokens.Revoke(work, id)!, accountId is null ? Author.Root : work.Accounts.Where(row => row.AccountId == accountId).Select(row => row.Name).Single());
            },
            context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, RecordOf(token, owner), ContractsJson.Default.TokenRecord).ConfigureAwait(false);
    }

    private static TokenRecord RecordOf(Token token, string owner)
        => new(token.TokenId, token.Kind, token.Name, owner, token.Role, token.CreatedAt, token.ExpiresAt, token.LastUsedAt, token.RevokedAt);
}
