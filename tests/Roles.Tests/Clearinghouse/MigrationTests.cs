using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Ostiary.Clearinghouse.Storage;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>What was stored by an earlier version is there after a migration.</summary>
public sealed class MigrationTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("ostiary-").FullName, "clearinghouse.db");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [Fact]
    public async Task Revocations_get_their_numbers_in_the_order_in_which_they_came()
    {
        await using var store = new ClearinghouseStore(new DbContextOptionsBuilder<ClearinghouseStore>().UseSqlite($"Data Source={_file};Pooling=False").Options);
        await store.GetService<IMigrator>().MigrateAsync("ToBeSigned", TestPublisher.Cancellation);
        await store.Database.ExecuteSqlRawAsync(
            "INSERT INTO Revocations (Subject, IsLicenseServer, Reason, RevokedAt) VALUES ('cc', 1, 2, 1000), ('aa', 0, 4, 2000), ('bb', 0, 1, 1500)", TestPublisher.Cancellation);

        await store.Database.MigrateAsync(TestPublisher.Cancellation);

        var rows = await store.Revocations.OrderBy(row => row.Id).ToListAsync(TestPublisher.Cancellation);
        Assert.Equal([(1L, "cc", true), (2, "bb", false), (3, "aa", false)], rows.Select(row => (row.Id, row.Subject, row.IsLicenseServer)));
        Assert.All(rows, row => Assert.Null(row.LiftedAt));
        Assert.Empty(await store.Database.GetPendingMigrationsAsync(TestPublisher.Cancellation));
        Assert.False(store.Database.HasPendingModelChanges());
        await store.GetService<IMigrator>().MigrateAsync("ToBeSigned", TestPublisher.Cancellation);
    }
}
