using Microsoft.EntityFrameworkCore;

namespace Ostiary.Doors.Accounts;

/// <summary>Where a role keeps its accounts: in its own database, in the order of its own writer, each change with an entry of its own audit.</summary>
public interface IAccountStore
{
    /// <summary>What the last commit left.</summary>
    AccountRows OpenReader();

    /// <summary>Runs in one transaction, alone, and commits it.</summary>
    Task<T> WorkAsync<T>(Func<AccountWork, T> work, CancellationToken cancellation);
}

/// <summary>The tables of accounts, for reading.</summary>
/// <param name="db">Of the role; closed with this.</param>
public sealed class AccountRows(DbContext db) : IAsyncDisposable
{
    public IQueryable<Account> Accounts => db.Set<Account>().AsNoTracking();

    public IQueryable<Token> Tokens => db.Set<Token>().AsNoTracking();

    public IQueryable<SignInFailure> SignInFailures => db.Set<SignInFailure>().AsNoTracking();

    public ValueTask DisposeAsync() => db.DisposeAsync();
}

/// <summary>One transaction on the tables of accounts.</summary>
/// <param name="db">Of the role's writer.</param>
/// <param name="now">The transaction's time.</param>
/// <param name="audit">Writes an audit entry of this kind for this row of this table, with the content that is made for the entry's number.</param>
public sealed class AccountWork(DbContext db, DateTimeOffset now, Func<string, string, string, Func<long, byte[]>, long> audit)
{
    public DbSet<Account> Accounts => db.Set<Account>();

    public DbSet<Token> Tokens => db.Set<Token>();

    public DbSet<SignInFailure> SignInFailures => db.Set<SignInFailure>();

    public DateTimeOffset Now => now;

    public void Audit(string kind, Account account) => audit(kind, AccountContent.Accounts, account.AccountId.ToString(), number =>
    {
        account.LedgerNumber = number;
        return AccountContent.Of(account);
    });

    public void Audit(string kind, Token token) => audit(kind, AccountContent.Tokens, token.TokenId.ToString(), number =>
    {
        token.LedgerNumber = number;
        return AccountContent.Of(token);
    });

    /// <summary>The token's row goes with this transaction: the entry has no content.</summary>
    public void AuditRemoved(Token token) => audit(AccountContent.TokenRemoved, AccountContent.Tokens, token.TokenId.ToString(), _ => []);

    public void SaveChanges() => db.SaveChanges();
}

/// <summary>The tables of accounts in a role's database.</summary>
public static class AccountModel
{
    /// <param name="model">The role's model.</param>
    /// <param name="removedAt">The name that the role gives to the column of <see cref="Account.RemovedAt"/>.</param>
    public static void Configure(ModelBuilder model, string removedAt)
    {
        model.Entity<Account>(account =>
        {
            account.ToTable("accounts").HasKey(row => row.AccountId);
            account.Property(row => row.AccountId).ValueGeneratedNever();
            account.Property(row => row.Name).HasMaxLength(AccountNames.MostLength);
            account.HasIndex(row => row.Name).IsUnique().HasFilter($"{removedAt} IS NULL");
        });
        model.Entity<Token>(token =>
        {
            token.ToTable("tokens").HasKey(row => row.TokenId);
            token.Property(row => row.TokenId).ValueGeneratedNever();
            token.Property(row => row.Name).HasMaxLength(AccountNames.MostLength);
            token.HasIndex(row => row.Hash).IsUnique();
            token.HasIndex(row => row.AccountId);
            token.HasIndex(row => row.ExpiresAt);
        });
        model.Entity<SignInFailure>(failure =>
        {
            failure.ToTable("sign_in_failures").HasKey(row => row.NameHash);
            failure.HasIndex(row => row.LastAt);
        });
    }
}
