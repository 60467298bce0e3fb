using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary>
/// Makes and checks hashes of passwords: ASP.NET Core Identity's hasher, PBKDF2 with HMAC-SHA-512.
/// A check costs a core for a tenth of a second or so, which is the point of it; so only half of the cores work on them, and few wait.
/// </summary>
public sealed class Passwords : IDisposable
{
    public const int LeastLength = 12;
    public const int MostLength = 128;

    /// <summary>OWASP's number for PBKDF2 with HMAC-SHA-512.</summary>
    private const int Iterations = 210_000;

    private const int MostWaiting = 32;

    private readonly PasswordHasher<Account> _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private readonly SemaphoreSlim _turns = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lazy<string> _nobodys;
    private int _waiting;

    public Passwords() => _nobodys = new(() => _hasher.HashPassword(null!, Guid.NewGuid().ToString()));

    /// <exception cref="ProblemException">It is too short, too long, or easily guessed; the problem says which field.</exception>
    public static string Check(string? password, string field, string accountName)
    {
        if (string.IsNullOrEmpty(password))
            throw Invalid($"{field} is required");
        // Counted as people count, not in UTF-16.
        var length = new System.Globalization.StringInfo(password).LengthInTextElements;
        if (length < LeastLength || password.Length > MostLength)
            throw Invalid($"{field} has {length} characters; {LeastLength} to {MostLength} are taken");
        if (password.Contains(accountName, StringComparison.OrdinalIgnoreCase))
            throw Invalid($"{field} contains the account's name");
        if (password.Distinct().Count() < 5)
            throw Invalid($"{field} has fewer than 5 different characters");
        return password;

        ProblemException Invalid(string detail) => new(LicensingProblem.InvalidField, detail, field);
    }

    public Task<string> HashAsync(string password, CancellationToken cancellation) => InTurnAsync(() => _hasher.HashPassword(null!, password), cancellation);

    /// <summary>Whether it is the password of the hash. Without a hash it is not, and takes as long.</summary>
    public Task<bool> MatchesAsync(string? hash, string password, CancellationToken cancellation)
    {
        // Made at the first check of either kind, or the first one without a hash would take twice as long.
        return InTurnAsync(() => Matches(_nobodys.Value), cancellation);

        bool Matches(string nobodys) => _hasher.VerifyHashedPassword(null!, hash ?? nobodys, password) != PasswordVerificationResult.Failed && hash is not null;
    }

    public void Dispose() => _turns.Dispose();

    private async Task<T> InTurnAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MostWaiting)
                throw new ProblemException(LicensingProblem.TooManyAttempts, "too many sign-ins are being checked; try again in a few seconds");
            await _turns.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await Task.Run(work, cancellation).ConfigureAwait(false);
            }
            finally
            {
                _turns.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
