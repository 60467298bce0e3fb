using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary><c>GET /v1/accounts</c>, <c>POST /v1/accounts</c>, <c>PUT /v1/accounts/{name}/role</c>, <c>PUT /v1/accounts/{name}/password</c>, <c>DELETE /v1/accounts/{name}</c>.</summary>
public static class ManageAccounts
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/accounts", List).At(Door.Administration).For(AccountRole.Administrator)
            .AnswersPage<AccountRecord>("The accounts, by name.");
        routes.MapPost("/v1/accounts", Add).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<AddAccountRequest>().Answers<AccountRecord>("Adds an account.");
        routes.MapPut("/v1/accounts/{name}/role", SetRole).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<SetRoleRequest>().Answers<AccountRecord>("Changes what an account may do.");
        // One's own password is everybody's to change; another's is an administrator's.
        routes.MapPut("/v1/accounts/{name}/password", SetPassword).At(Door.Administration).For(AccountRole.Reader)
            .Takes<SetPasswordRequest>().Answers<AccountRecord>("Sets a password: one's own; another's for administrators.");
        routes.MapDelete("/v1/accounts/{name}", Remove).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<AccountRecord>("Removes an account and its tokens.");
    }

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) ?? "";
        if (after.Length > AccountNames.MostLength)
            throw Json.NotACursor();
        await using var db = context.RequestServices.GetRequiredService<IAccountStore>().OpenReader();
        var rows = await db.Accounts.Where(row => row.RemovedAt == null && row.Name.CompareTo(after) > 0).OrderBy(row => row.Name).Take(limit + 1)
            .ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var hashes = rows.ConvertAll(row => AccountNames.HashOf(row.Name));
        var failures = await db.SignInFailures.Where(row => hashes.Contains(row.NameHash)).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var page = new Page<AccountRecord>([.. rows.Take(limit).Select(row => RecordOf(row, failures, now))], rows.Count > limit ? rows[limit - 1].Name : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageAccountRecord).ConfigureAwait(false);
    }

    private static async Task Add(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.AddAccountRequest).ConfigureAwait(false);
        var name = AccountNames.Check(request.Name);
        var role = Require(request.Role);
        var password = Passwords.Check(request.Password, "password", name);
        var hash = await context.RequestServices.GetRequiredService<Passwords>().HashAsync(password, context.RequestAborted).ConfigureAwait(false);
        await ChangeAsync(context, work =>
        {
            if (Find(work, name) is not null)
                throw new ProblemException(LicensingProblem.AlreadyExists, $"there is an account {name}", "name");
            var account = new Account { AccountId = Guid.NewGuid(), Name = name, Role = role, PasswordHash = hash, CreatedAt = work.Now };
            work.Audit("account-added", account);
            work.Accounts.Add(account);
            return account;
        }).ConfigureAwait(false);
    }

    private static async Task SetRole(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.SetRoleRequest).ConfigureAwait(false);
        var role = Require(request.Role);
        var caller = Caller.Of(context);
        var name = NameOf(context);
        await ChangeAsync(context, work =>
        {
            var account = Find(work, name) ?? throw NoSuchAccount(name);
            if (account.Role == role)
                return account;
            KeepOneAdministrator(work, caller, account);
            account.Role = role;
            work.Audit("account-role-set", account);
            return account;
        }).ConfigureAwait(false);
    }

    private static async Task SetPassword(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.SetPasswordRequest).ConfigureAwait(false);
        var caller = Caller.Of(context);
        var name = NameOf(context);
        var password = Passwords.Check(request.Password, "password", name);
        var store = context.RequestServices.GetRequiredService<IAccountStore>();
        await using var db = store.OpenReader();
        var target = await db.Accounts.SingleOrDefaultAsync(row => row.Name == name && row.RemovedAt == null, context.RequestAborted).ConfigureAwait(false);
        var isOwn = caller.AccountId is { } own && own == target?.AccountId;
        // First who may, then whether there is such an account: others' names are not told by trying.
        if (!isOwn)
            caller.Require(AccountRole.Administrator);
        if (target is null)
            throw NoSuchAccount(name);
        if (isOwn && caller.Token!.Kind == TokenKind.Api)
            throw new ProblemException(LicensingProblem.NotAllowed, "a token that was made for a program does not change its owner's password; sign in");
        var current = isOwn ? Json.Text(request.Current, "current", Passwords.MostLength) : null;
        var hash = await context.RequestServices.GetRequiredService<Passwords>().HashAsync(password, context.RequestAborted).ConfigureAwait(false);
        if (current is null)
            await ChangeAsync(context, work => Set(work, Find(work, name) ?? throw NoSuchAccount(name))).ConfigureAwait(false);
        else
            await AnswerAsync(context, await SignIn.WithPasswordAsync(context, name, current, Set).ConfigureAwait(false)).ConfigureAwait(false);

        Account Set(AccountWork work, Account account)
        {
            account.PasswordHash = hash;
            work.Audit("account-password-set", account);
            Tokens.RevokeAll(work, account.AccountId, token => token.Kind == TokenKind.SignIn && token.TokenId != caller.Token?.TokenId);
            if (work.SignInFailures.Find(AccountNames.HashOf(name)) is { } failure)
                work.SignInFailures.Remove(failure);
            work.SaveChanges();
            return account;
        }
    }

    private static async Task Remove(HttpContext context)
    {
        var caller = Caller.Of(context);
        var name = NameOf(context);
        await ChangeAsync(context, work =>
        {
            var account = Find(work, name) ?? throw NoSuchAccount(name);
            KeepOneAdministrator(work, caller, account);
            account.Remove(work.Now);
            work.Audit("account-removed", account);
            Tokens.RevokeAll(work, account.AccountId, _ => true);
            return account;
        }).ConfigureAwait(false);
    }

    private static async Task ChangeAsync(HttpContext context, Func<AccountWork, Account> change)
    {
        var account = await context.RequestServices.GetRequiredService<IAccountStore>().WorkAsync(
            work =>
            {
                var changed = change(work);
                work.SaveChanges();
                return changed;
            },
            context.RequestAborted).ConfigureAwait(false);
        await AnswerAsync(context, account).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, Account account)
        => Json.WriteAsync(context, new AccountRecord(account.Name, account.Role, account.CreatedAt, null), ContractsJson.Default.AccountRecord);

    // Somebody who is not at the machine could not undo it.
    private static void KeepOneAdministrator(AccountWork work, Caller caller, Account account)
    {
        if (!caller.IsLocal && account.Role == AccountRole.Administrator
            && !work.Accounts.Any(row => row.RemovedAt == null && row.Role == AccountRole.Administrator && row.AccountId != account.AccountId))
            throw new ProblemException(LicensingProblem.LastAdministrator, $"{account.Name} is the last administrator; make another one first, or do it on the license server's machine");
    }

    private static Account? Find(AccountWork work, string name) => work.Accounts.AsTracking().SingleOrDefault(row => row.Name == name && row.RemovedAt == null);

    private static AccountRecord RecordOf(Account account, List<SignInFailure> failures, DateTimeOffset now)
    {
        var hash = AccountNames.HashOf(account.Name);
        var locked = failures.Find(failure => failure.NameHash.AsSpan().SequenceEqual(hash)) is { } failure && failure.IsLocked(now) ? failure.LockedUntil : null;
        return new(account.Name, account.Role, account.CreatedAt, locked);
    }

    private static string NameOf(HttpContext context) => Json.Text(context.Request.RouteValues["name"] as string, "name", AccountNames.MostLength).ToLowerInvariant();

    private static AccountRole Require(AccountRole? role)
        => role ?? throw new ProblemException(LicensingProblem.InvalidField, "role is required: reader, operator or administrator", "role");

    private static ProblemException NoSuchAccount(string name) => new(LicensingProblem.NotFound, $"there is no account {name}", "name");
}
