using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>A product key moves from one license server to another, and is never good on two.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class TransferTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;
    private TestLicenseServer _first = null!;
    private TestLicenseServer _second = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _first = await _publisher.NewLicenseServerAsync();
        _second = await _publisher.NewLicenseServerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _first.Dispose();
        _second.Dispose();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task The_key_is_good_for_the_other_and_the_pack_is_revoked_where_it_was()
    {
        var key = await _publisher.MintAsync();
        var pack = await InstallAsync(_first, key);
        var refused = await Assert.ThrowsAsync<ProblemException>(() => _second.RedeemAsync(_publisher, key));
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, refused.Problem);
        Assert.Contains($"ask the publisher to transfer it to License Server ID {_second.Id}", refused.Message, StringComparison.Ordinal);

        var done = await _publisher.Administration.TransferAsync(new(pack, _second.Id.Text), Cancellation);

        Assert.Equal((_first.Id.Text, _second.Id.Text), (done.From, done.To));
        Assert.Equal(done, await _publisher.Administration.TransferAsync(new(pack, _second.Id.Text), Cancellation));
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(_first.RedeemAsync(_publisher, key)));
        Assert.Equal(ProductKeyState.RedeemedElsewhere, (await _publisher.Client.CheckProductKeyAsync(new(key, _first.Id.Text), Cancellation)).State);
        Assert.Equal(ProductKeyState.Available, (await _publisher.Client.CheckProductKeyAsync(new(key, _second.Id.Text), Cancellation)).State);
        var moved = await InstallAsync(_second, key);
        Assert.NotEqual(pack, moved);
        var trust = await _publisher.Client.TrustAsync(Cancellation);
        Assert.True(Statement.TryReadUnverified(trust.Revocations!, out var payload));
        Assert.Equal([pack], ClearinghouseRevocationsStatement.Decode(payload).KeyPacks.Select(entry => entry.PackId));
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);

        // On from there, but never back to where it was: what is revoked stays so.
        using var third = await _publisher.NewLicenseServerAsync();
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Administration.TransferAsync(new(moved, _first.Id.Text), Cancellation)));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Administration.TransferAsync(new(pack, third.Id.Text), Cancellation)));
        await _publisher.Administration.TransferAsync(new(moved, third.Id.Text), Cancellation);
        await InstallAsync(third, key);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks WHERE TransferredAt IS NULL"));
    }

    [Fact]
    public async Task Transfers_to_many_at_once_come_to_one()
    {
        var key = await _publisher.MintAsync();
        var pack = await InstallAsync(_first, key);
        var others = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _publisher.NewLicenseServerAsync()));

        var won = (await Task.WhenAll(others.Select(async other =>
        {
            try
            {
                await _publisher.Administration.TransferAsync(new(pack, other.Id.Text), Cancellation);
                return true;
            }
            catch (ProblemException refused)
            {
                Assert.Equal(LicensingProblem.RuleForbids, refused.Problem);
                return false;
            }
        }))).Count(done => done);

        Assert.Equal(1, won);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'transfer'"));
        foreach (var other in others)
            other.Dispose();
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        using var stranger = new TestLicenseServer();
        var pack = await InstallAsync(_first, await _publisher.MintAsync());

        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(_publisher.Administration.TransferAsync(new(Guid.NewGuid(), _second.Id.Text), Cancellation)));
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(_publisher.Administration.TransferAsync(new(pack, stranger.Id.Text), Cancellation)));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Administration.TransferAsync(new(pack, _first.Id.Text), Cancellation)));
    }

    private async Task<Guid> InstallAsync(TestLicenseServer server, string key)
        => Statement.TryReadUnverified((await server.RedeemAsync(_publisher, key)).KeyPack, out var payload) ? KeyPackStatement.Decode(payload).PackId : throw new InvalidOperationException();

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
