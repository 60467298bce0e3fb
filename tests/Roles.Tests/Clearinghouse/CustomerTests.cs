using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>Who stands behind a license server: changed, found, handed out and erased, with documents and audit chain whole.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class CustomerTests : IAsyncLifetime
{
    private static readonly CompanyInformation Hopper = new() { FirstName = "Grace", LastName = "Hopper", Company = "Compilers % Co", Country = "US", Email = "grace@example.com" };

    private TestPublisher _publisher = null!;
    private TestLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _server = await _publisher.NewLicenseServerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task It_is_changed_and_found_and_a_repeated_activation_leaves_it()
    {
        var changed = await _publisher.Administration.ChangeCompanyAsync(_server.Id.Text.ToLowerInvariant(), Hopper, Cancellation);
        Assert.Equal(Hopper, changed.Company);

        await _server.ActivateAsync(_publisher);

        using var other = await _publisher.NewLicenseServerAsync();
        Assert.Equal(Hopper, Assert.Single(await FindAsync("hopper")).Company);
        Assert.Equal(_server.Id.Text, Assert.Single(await FindAsync("s % C")).LicenseServerId);
        Assert.Empty(await FindAsync("e%o"));
        Assert.Empty(await FindAsync("_"));
        Assert.Equal(other.Id.Text, Assert.Single(await FindAsync(other.Id.Text)).LicenseServerId);
        var first = await _publisher.Administration.LicenseServersAsync(null, null, 1, Cancellation);
        var second = await _publisher.Administration.LicenseServersAsync(null, first.Next, 1, Cancellation);
        Assert.Equal(new[] { _server.Id.Text, other.Id.Text }.Order(StringComparer.Ordinal), first.Items.Concat(second.Items).Select(row => row.LicenseServerId));
        Assert.Null(second.Next);
        var wrong = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.ChangeCompanyAsync(_server.Id.Text, Hopper with { Country = "XX" }, Cancellation));
        Assert.Equal((LicensingProblem.InvalidField, "company.country"), (wrong.Problem, wrong.Field));
        using var unknown = new TestLicenseServer();
        Assert.Equal(LicensingProblem.NotFound, (await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.ChangeCompanyAsync(unknown.Id.Text, Hopper, Cancellation))).Problem);
    }

    [Fact]
    public async Task All_that_is_kept_is_handed_out()
    {
        var key = await _publisher.MintAsync(9);
        await _server.RedeemAsync(_publisher, key);

        var export = await _publisher.Administration.ExportCustomerAsync(_server.Id.Text, Cancellation);

        Assert.Equal((TestPublisher.Company, 1, _publisher.Time.GetUtcNow()), (export.Server.Company, export.Server.KeyPacks, export.CompanyChangedAt));
        Assert.Equal((9, "retail"), (Assert.Single(export.KeyPacks).Quantity, export.KeyPacks[0].Program));
        Assert.Equal(["company-entered", "activation", "redemption"], export.Audit.Select(entry => entry.Kind));
    }

    [Fact]
    public async Task What_is_erased_is_nowhere_any_more_and_everything_else_stands()
    {
        await _publisher.Administration.ChangeCompanyAsync(_server.Id.Text, Hopper, Cancellation);
        var before = await _server.ActivateAsync(_publisher);

        var erased = await _publisher.Administration.EraseCompanyAsync(_server.Id.Text, Cancellation);

        Assert.Null(erased.Company);
        Assert.Null((await _publisher.Administration.EraseCompanyAsync(_server.Id.Text, Cancellation)).Company);
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Companies"));
        Assert.Equal(2L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Salt IS NULL"));
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
        // Not in the file, nor in what SQLite has beside it.
        await _publisher.StopClearinghouseAsync();
        foreach (var content in TestDatabases.Contents(_publisher.Database, _publisher.At("clearinghouse"), "clearinghouse.db*"))
        {
            var text = System.Text.Encoding.Latin1.GetString(content);
            Assert.DoesNotContain("Hopper", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Lovelace", text, StringComparison.Ordinal);
        }

        await _publisher.StartClearinghouseAsync(_publisher.Options());
        Assert.Equal(before.Signature, (await _server.ActivateAsync(_publisher)).Signature);
        Assert.NotEmpty((await _server.RedeemAsync(_publisher, await _publisher.MintAsync())).KeyPack);
    }

    [Fact]
    public async Task It_is_kept_no_longer_than_it_may_be()
    {
        await _publisher.RestartClearinghouseAsync();
        _publisher.Time.Advance(TimeSpan.FromDays((10 * 365.25) + (3 * 365) - 30));
        await PassAsync();
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Companies"));

        _publisher.Time.Advance(TimeSpan.FromDays(60));
        await PassAsync();

        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Companies"));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'company-erased'"));
    }

    // Housekeeping by itself: signer and certificates are over by then, and are not what this is about.
    private Task PassAsync()
        => Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Ostiary.Clearinghouse.Customers.EraseOldCompanies>(_publisher.ClearinghouseApp.Services)
            .RunAsync(Cancellation);

    private async Task<IReadOnlyList<ActivatedServerRecord>> FindAsync(string search) => (await _publisher.Administration.LicenseServersAsync(search, null, 10, Cancellation)).Items;
}
