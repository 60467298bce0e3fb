using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Http;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Accounts;

/// <summary>
/// <c>POST /v1/sign-in</c>: 1. the address has attempts left; 2. the password is checked, for an account that is not there too;
/// 3. in the ledger's order, so that no number of attempts at once gets around the count: the account is not locked, the password was right, the token is stored.
/// <c>POST /v1/sign-out</c> ends the token that was shown, <c>GET /v1/caller</c> says whose it is.
/// </summary>
internal static class SignIn
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(8);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/sign-in", Handle).At(Door.Administration).ForAnyone()
            .Takes<SignInRequest>().Answers<SignInResponse>("Signs in with a password, for 8 hours.");
        routes.MapPost("/v1/sign-out", SignOut).At(Door.Administration).For(AccountRole.Reader)
            .Answers<CallerRecord>("Ends the token that is shown.");
        routes.MapGet("/v1/caller", Show).At(Door.Administration).For(AccountRole.Reader)
            .Answers<CallerRecord>("Who asks, and what they may do.");
    }

    /// <summary>Checks a password and counts it when it is wrong.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The account's name, or what was typed as one.</param>
    /// <param name="password">What was typed.</param>
    /// <param name="then">What a right password is for: done in the same transaction, with the account as it is then.</param>
    /// <exception cref="ProblemException">Wrong, or locked: which of them is not said.</exception>
    public static async Task<T> WithPasswordAsync<T>(HttpContext context, string name, string password, Func<LedgerBatch, Account, T> then)
        where T : class
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await using var db = ledger.Database.OpenReader();
        var account = await db.Accounts.SingleOrDefaultAsync(row => row.Name == name && row.RemovedAt == null, context.RequestAborted).ConfigureAwait(false);
        var isRight = await context.RequestServices.GetRequiredService<Passwords>().MatchesAsync(account?.PasswordHash, password, context.RequestAborted).ConfigureAwait(false);
        var checkedHash = isRight ? account!.PasswordHash : null;
        var (result, _) = await ledger.WorkAsync(batch => Settle(batch, name, checkedHash, then), context.RequestAborted).ConfigureAwait(false);
        return result ?? throw new ProblemException(LicensingProblem.NotAuthenticated,
            $"name or password is wrong, or the account is locked: after {SignInFailure.Most} wrong passwords nothing is taken for {SignInFailure.Remembered.TotalMinutes:0} minutes");
    }

    private static T? Settle<T>(LedgerBatch batch, string name, string? checkedHash, Func<LedgerBatch, Account, T> then)
        where T : class
    {
        var nameHash = AccountNames.HashOf(name);
        var failure = batch.Db.SignInFailures.Find(nameHash);
        if (failure?.IsLocked(batch.Now) == true)
            return null;
        // The password may have been changed, or the account removed, since it was checked.
        var account = checkedHash is null ? null
            : batch.Db.Accounts.AsTracking().SingleOrDefault(row => row.Name == name && row.RemovedAt == null && row.PasswordHash == checkedHash);
        if (account is not null)
        {
            if (failure is not null)
                batch.Db.Remove(failure);
            return then(batch, account);
        }

        if (failure is null)
            batch.Db.Add(failure = new() { NameHash = nameHash });
        failure.Add(batch.Now);
        batch.Db.SaveChanges();
        return null;
    }

    private static async Task Handle(HttpContext context)
    {
        TakeAttempt(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.SignInRequest).ConfigureAwait(false);
        var name = Json.Text(request.Name, "name", AccountNames.MostLength).ToLowerInvariant();
        var password = Json.Text(request.Password, "password", Passwords.MostLength);
        // Who signs in is not let in yet; the entry of the token is theirs all the same.
        Author.Current = name;
        var (text, hash) = TokenCredential.Draw();
        var answer = await WithPasswordAsync(
            context, name, password,
            (batch, account) =>
            {
                var token = Tokens.Add(batch, new()
                {
                    TokenId = Guid.CreateVersion7(batch.Now),
                    Kind = TokenKind.SignIn,
                    Hash = hash,
                    Name = null,
                    AccountId = account.AccountId,
                    Role = account.Role,
                    CreatedAt = batch.Now,
                    ExpiresAt = batch.Now + Life,
                });
                return new SignInResponse(text, account.Name, account.Role, token.ExpiresAt);
            }).ConfigureAwait(false);
        await Json.WriteAsync(context, answer, ContractsJson.Default.SignInResponse).ConfigureAwait(false);
    }

    // Over the unix socket there is no address, and nobody who could not do more by other means.
    private static void TakeAttempt(HttpContext context)
    {
        var limit = context.RequestServices.GetRequiredService<AttemptLimit>();
        if (context.Connection.RemoteIpAddress is not { } address || limit.TryTake(address, out var retryAfter))
            return;
        var seconds = Math.Max(1, (int)Math.Ceiling(retryAfter.TotalSeconds));
        throw new ProblemException(LicensingProblem.TooManyAttempts, $"at most {limit.Limit} sign-ins in 60 s are taken from one address; try again in {seconds} s")
        {
            RetryAfter = TimeSpan.FromSeconds(seconds),
        };
    }

    private static async Task SignOut(HttpContext context)
    {
        var caller = Caller.Of(context);
        if (caller.Token is not { } shown)
            throw new ProblemException(LicensingProblem.NotFound, "over the unix socket nobody is signed in");
        await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(batch => Tokens.Revoke(batch, shown.TokenId), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, caller.ToRecord(), ContractsJson.Default.CallerRecord).ConfigureAwait(false);
    }

    private static Task Show(HttpContext context) => Json.WriteAsync(context, Caller.Of(context).ToRecord(), ContractsJson.Default.CallerRecord);
}
