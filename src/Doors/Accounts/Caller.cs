using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary>Who stands at the administrators' door.</summary>
/// <param name="Name">As it stands in the audit.</param>
/// <param name="Role">What the caller may do.</param>
/// <param name="AccountId">The account; null for the local root and its tokens.</param>
/// <param name="Token">What was shown; null over the unix socket.</param>
public sealed record Caller(string Name, AccountRole Role, Guid? AccountId, Token? Token)
{
    /// <summary>Whom the unix socket's mode lets in.</summary>
    public static readonly Caller Root = new(Author.Root, AccountRole.Administrator, null, null);

    /// <summary>Over the unix socket: nobody can be locked out of their own machine.</summary>
    public bool IsLocal => Token is null;

    /// <summary>The caller of a request that the guard has let in.</summary>
    public static Caller Of(HttpContext context)
        => context.Features.Get<Caller>() ?? throw new InvalidOperationException("the guard has let in somebody without saying whom");

    public void Require(AccountRole least)
    {
        if (Role < least)
            throw new ProblemException(LicensingProblem.NotAllowed, $"this needs the role {Contracts.Http.KebabCase.Of(least)}; {Name} has the role {Contracts.Http.KebabCase.Of(Role)}");
    }

    public CallerRecord ToRecord() => new(Name, Role, Token?.TokenId, Token?.ExpiresAt);
}
