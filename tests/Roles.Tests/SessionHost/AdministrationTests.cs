using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Storage;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>What the administration of a session host answers when something is wrong with us.</summary>
public sealed class AdministrationTests
{
    [Fact]
    public async Task What_fails_in_us_is_an_internal_error_without_detail_and_stands_in_the_log()
    {
        var state = Gateway.NewState();
        var log = new TestLog();
        await using var xrdp = FakeXrdp.InClear(Path.Combine(state, "rdp.sock"));
        await using (var gateway = await Gateway.StartAsync(xrdp, log: log))
        {
            await using (var db = gateway.Services.GetRequiredService<Store>().Open())
            {
                var table = db.Model.FindEntityType(typeof(RefusalRow))!.GetTableName()!;
#pragma warning disable EF1002 // The name of a table of ours.
                await db.Database.ExecuteSqlRawAsync($"DROP TABLE \"{table}\"", TestContext.Current.CancellationToken);
#pragma warning restore EF1002
            }

            var problem = await Assert.ThrowsAsync<ProblemException>(gateway.RefusalsAsync);

            Assert.Equal((LicensingProblem.InternalError, "Internal error"), (problem.Problem, problem.Message));
            Assert.Contains(log.Lines, line => line.Contains("/v1/refusals failed", StringComparison.Ordinal) && line.Contains("no such table", StringComparison.Ordinal));
            Assert.Equal("host-1", (await gateway.Administration.StatusAsync(TestContext.Current.CancellationToken)).Name);
        }

        Directory.Delete(state, recursive: true);
    }
}
