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

    [Fact]
    public async Task A_change_that_can_never_be_written_is_dropped_and_keeps_no_other_out()
    {
        var state = Gateway.NewState();
        await using var xrdp = FakeXrdp.InClear(Path.Combine(state, "rdp.sock"));
        await using (var gateway = await Gateway.StartAsync(xrdp, state: state))
        {
            var store = gateway.Services.GetRequiredService<Store>();
            await store.CommitAsync(Add(7, "first"));

            var (before, twice, after) = (store.CommitAsync(Add(8, "before")), store.CommitAsync(Add(7, "twice")), store.CommitAsync(Add(9, "after")));

            await Assert.ThrowsAsync<DbUpdateException>(() => twice);
            await Task.WhenAll(before, after);
            Assert.Equal(["after", "before", "first"], (await gateway.SessionsAsync()).Select(session => session.Device).Order(StringComparer.Ordinal));
        }

        Directory.Delete(state, recursive: true);

        static Func<SessionHostContext, Task> Add(long id, string device) => db =>
        {
            db.Sessions.Add(new() { Id = id, Device = device, Address = "192.0.2.1", Rule = "4", StartedAt = DateTimeOffset.UtcNow });
            return Task.CompletedTask;
        };
    }

    [Fact]
    public async Task Sessions_are_numbered_on_after_a_restart()
    {
        var state = Gateway.NewState();
        await using var xrdp = FakeXrdp.InClear(Path.Combine(state, "rdp.sock"));
        foreach (var _ in new[] { 1, 2 })
            await using (var gateway = await Gateway.StartAsync(xrdp, state: state, grace: true))
            await using (await gateway.ConnectAsync())
                await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Any(session => session.EndedAt is null));

        await using (var gateway = await Gateway.StartAsync(xrdp, state: state))
            Assert.Equal([1, 2], (await gateway.SessionsAsync()).Select(session => session.Id).Order());
        Directory.Delete(state, recursive: true);
    }
}
