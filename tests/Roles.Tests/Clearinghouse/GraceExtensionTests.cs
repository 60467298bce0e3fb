using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The only way in which a grace period gets longer.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class GraceExtensionTests : IAsyncLifetime
{
    private const string Machine = "0123456789abcdef0123456789abcdef";
    private TestPublisher _publisher = null!;

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public async Task An_extension_is_stored_audited_and_verifies_against_the_published_root()
    {
        var extended = await _publisher.Administration.ExtendGraceAsync(new(Machine.ToUpperInvariant(), 10), TestPublisher.Cancellation);

        Assert.True(GraceExtensionFile.TryVerify(extended.File, PublisherTrust.Of(_publisher.Root), _publisher.Time.GetUtcNow(), out var extension));
        Assert.Equal((extended.Id, Machine, 10), (extension.Id, extension.MachineId, extension.Days));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM GraceExtensions WHERE Statement IS NOT NULL"));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'grace-extension'"));
    }

    [Theory]
    [InlineData("short", 10, "machineId")]
    [InlineData("x123456789abcdef0123456789abcdef", 10, "machineId")]
    [InlineData(Machine, 0, "days")]
    [InlineData(Machine, 366, "days")]
    public async Task What_is_over_its_limits_is_named_and_nothing_is_signed(string machine, int days, string field)
    {
        var problem = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.ExtendGraceAsync(new(machine, days), TestPublisher.Cancellation));

        Assert.Equal((LicensingProblem.InvalidField, field), (problem.Problem, problem.Field));
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM GraceExtensions"));
    }
}
