using Ostiary.Doors.Accounts;

namespace Ostiary.LicenseServer.Storage;

/// <summary>The accounts of the license server, in the ledger's order and audit.</summary>
internal sealed class LedgerAccounts(Ledger ledger) : IAccountStore
{
    public AccountRows OpenReader() => new(ledger.Database.OpenReader());

    public async Task<T> WorkAsync<T>(Func<AccountWork, T> work, CancellationToken cancellation)
        => (await ledger.WorkAsync(batch => work(Of(batch)), cancellation).ConfigureAwait(false)).Result;

    public static AccountWork Of(LedgerBatch batch) => new(batch.Db, batch.Now, batch.Audit);
}
