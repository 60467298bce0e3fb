using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary>
/// <c>POST /v1/sign-in</c>: 1. the address has attempts left; 2. the password is checked, for an account that is not there too;
/// 3. in the ledger's order, so that no number of attempts at once gets around the count: the account is not locked, the password was right, the token is stored.
/// <c>POST /v1/sign-out</c> ends the token that was shown, <c>GET /v1/caller</c> says whose it is.
/// </summary>
public static class SignIn
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
    public static async Task<T> WithPasswordAsync<T>(HttpContext context, string name, string password, Func<AccountWork, Account, T> then)
        where T : class
    {
        var store = context.RequestServices.GetRequiredService<IAccountStore>();
        await using var db = store.OpenReader();
        var account = await db.Accounts.SingleOrDefaultAsync(row => row.Name == name && row.RemovedAt == null, context.RequestAborted).ConfigureAwait(false);
        var isRight = await context.RequestServices.GetRequiredService<Passwords>().MatchesAsync(account?.PasswordHash, password, context.RequestAborted).ConfigureAwait(false);
        var checkedHash = isRight ? account!.PasswordHash : null;
        var result = await store.WorkAsync(work => Settle(work, name, checkedHash, then), context.RequestAborted).ConfigureAwait(false);
        return result ?? throw new ProblemException(LicensingProblem.NotAuthenticated,
            $"name or password is wrong, or the account is locked: after {SignInFailure.Most} wrong passwords nothing is taken for {SignInFailure.Remembered.TotalMinutes:0} minutes");
    }

    private static T? Settle<T>(AccountWork work, string name, string? checkedHash, Func<AccountWork, Account, T> then)
        where T : class
    {
        var nameHash = AccountNames.HashOf(name);
        var failure = work.SignInFailures.Find(nameHash);
        if (failure?.IsLocked(work.Now) == true)
            return null;
        // The password may have been changed, or the account removed, since it was checked.
        var account = checkedHash is null ? null
            : work.Accounts.AsTracking().SingleOrDefault(row => row.Name == name && row.RemovedAt == null && row.PasswordHash == checkedHash);
        if (account is not null)
        {
            if (failure is not null)
                work.SignInFailures.Remove(failure);
            return then(work, account);
        }

        if (failure is null)
            work.SignInFailures.Add(failure = new() { NameHash = nameHash });
        failure.Add(work.Now);
        work.SaveChanges();
        return null;
    }

    private static async Task Handle(HttpContext context)
    {
        TakeAttempt(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.SignInRequest).ConfigureAwait(false);
        await Json.WriteAsync(context, await WithPasswordAsync(context, request.Name, request.Password).ConfigureAwait(false), ContractsJson.Default.SignInResponse).ConfigureAwait(false);
    }

    /// <summary>The same for a form.</summary>
    /// <exception cref="ProblemException">Too many attempts; a wrong name or password, or a locked account.</exception>
    public static Task<SignInResponse> FromFormAsync(HttpContext context, string? name, string? password)
    {
        TakeAttempt(context);
        return WithPasswordAsync(context, name, password);
    }

    private static async Task<SignInResponse> WithPasswordAsync(HttpContext context, string? givenName, string? givenPassword)
    {
        var name = Json.Text(givenName, "name", AccountNames.MostLength).ToLowerInvariant();
        var password = Json.Text(givenPassword, "password", Passwords.MostLength);
        // Who signs in is not let in yet; the entry of the token is theirs all the same.
        Author.Current = name;
        var (text, hash) = TokenCredential.Draw();
        return await WithPasswordAsync(
            context, name, password,
            (work, account) =>
            {
                var token = Tokens.Add(work, new()
                {
                    TokenId = Guid.CreateVersion7(work.Now),
                    Kind = TokenKind.SignIn,
                    Hash = hash,
                    Name = null,
                    AccountId = account.AccountId,
                    Role = account.Role,
                    CreatedAt = work.Now,
                    ExpiresAt = work.Now + Life,
                });
                return new SignInResponse(text, account.Name, account.Role, token.ExpiresAt);
            }).ConfigureAwait(false);
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
        await EndAsync(context).ConfigureAwait(false);
        await Json.WriteAsync(context, Caller.Of(context).ToRecord(), ContractsJson.Default.CallerRecord).ConfigureAwait(false);
    }

    /// <summary>Ends the token that the caller has shown.</summary>
    /// <exception cref="ProblemException">None was: the caller came by the unix socket.</exception>
    public static Task EndAsync(HttpContext context)
        => Caller.Of(context).Token is { } shown
            ? context.RequestServices.GetRequiredService<IAccountStore>().WorkAsync(work => Tokens.Revoke(work, shown.TokenId), context.RequestAborted)
            : throw new ProblemException(LicensingProblem.NotFound, "over the unix socket nobody is signed in");

    private static Task Show(HttpContext context) => Json.WriteAsync(context, Caller.Of(context).ToRecord(), ContractsJson.Default.CallerRecord);
}
