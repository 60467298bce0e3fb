using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.SessionHost.Storage;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>What the database keeps, and what it lets go.</summary>
public sealed class StoreTests
{
    [Fact]
    public async Task The_oldest_refusals_fall_out_and_the_newest_stay()
    {
        const int kept = 100, made = 5000;
        var state = Gateway.NewState();
        await using var xrdp = FakeXrdp.InClear(Path.Combine(state, "rdp.sock"));
        await using (var gateway = await Gateway.StartAsync(xrdp, options => new()
        {
            StateDirectory = options.StateDirectory,
            BackEnd = options.BackEnd,
            Listen = options.Listen,
            KeptRefusals = kept,
        }))
        {
            var store = gateway.Services.GetRequiredService<Store>();
            for (var i = 0; i < made; i++)
            {
                var row = new RefusalRow { At = DateTimeOffset.UtcNow, Reason = "r", Rule = "7", Address = "a", Detail = $"{i}", Fix = "f" };
                await store.KeepAsync(db =>
                {
                    db.Refusals.Add(row);
                    return Task.CompletedTask;
                });
            }

            await store.CommitAsync(_ => Task.CompletedTask);

            await using var db = store.Open();
            Assert.InRange(await db.Refusals.CountAsync(TestContext.Current.CancellationToken), kept, kept + 3000);
            Assert.Equal($"{made - 1}", (await gateway.RefusalsAsync())[0].Detail);
        }

        Directory.Delete(state, recursive: true);
    }
}
