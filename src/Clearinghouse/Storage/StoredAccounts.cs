using Ostiary.Doors.Accounts;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>Operators' accounts, in the clearinghouse's database and audit.</summary>
internal sealed class StoredAccounts(Database database, TimeProvider time) : IAccountStore
{
    public AccountRows OpenReader() => new(database.OpenReader());

    public Task<T> WorkAsync<T>(Func<AccountWork, T> work, CancellationToken cancellation)
        => database.WriteAsync(
            store =>
            {
                var now = time.GetUtcNow();
                return Task.FromResult(work(new(store, now, (kind, table, row, content) => store.AppendAudit(kind, $"{table} {row}", content, now))));
            },
            cancellation);
}
