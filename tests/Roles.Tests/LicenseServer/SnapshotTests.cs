using Microsoft.EntityFrameworkCore;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Whoever looks at the ledger sees one moment of it, and nobody waits for whoever looks.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class SnapshotTests
{
    [Fact]
    public async Task What_is_read_in_one_transaction_is_of_one_moment_while_others_go_on_writing()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await using var db = ledger.Ledger.Database.OpenReader();
        await using (await db.BeginSnapshotAsync(TestContext.Current.CancellationToken))
        {
            Assert.Equal(0, await db.Packs.CountAsync(TestContext.Current.CancellationToken));

            // Commits, although somebody looks; a writer that waited would give up after 5 s.
            await ledger.InstallPackAsync(5);
            await ledger.ConnectAsync(host, new("KIOSK-01"));

            Assert.Equal(0, await db.Packs.CountAsync(TestContext.Current.CancellationToken));
            Assert.Equal(0, await db.Temporaries.CountAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal(1, await db.Packs.CountAsync(TestContext.Current.CancellationToken));
    }
}
