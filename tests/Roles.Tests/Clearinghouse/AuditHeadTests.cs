using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Trust;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The signed head of the clearinghouse's audit: whoever kept one notices a database that was cut off or written anew, although its chain holds in itself.</summary>
public sealed class AuditHeadTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private long Entries => _publisher.Query<long>("SELECT MAX(Number) FROM Audit");

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public async Task The_head_is_signed_when_it_has_changed_and_once_only()
    {
        await PassAsync();
        var first = await HeadAsync();
        var logged = LogLength;
        await PassAsync();
        Assert.Equal(first.Document.Head, (await HeadAsync()).Document.Head);
        Assert.Equal(logged, LogLength);

        await _publisher.MintAsync();
        await PassAsync();

        var second = await HeadAsync();
        Assert.Equal((Entries - 1, Entries), (first.Statement.Number, second.Statement.Number));
        Assert.Equal(_publisher.Query<byte[]>($"SELECT Hash FROM Audit WHERE Number={Entries}"), second.Statement.Hash);
        Assert.Equal(logged + 1, LogLength);
    }

    [Fact]
    public async Task Entries_that_were_cut_off_or_written_anew_are_noticed_by_a_kept_head_and_by_the_signers_log()
    {
        await _publisher.MintAsync();
        await PassAsync();
        var early = (await HeadAsync()).Document;
        var key = await _publisher.MintAsync();
        await PassAsync();
        var kept = await HeadAsync();
        var request = new VerifyAuditRequest([early, kept.Document], [Position()]);
        Assert.Equal((true, Entries), Said(await _publisher.Administration.VerifyAuditAsync(request, Cancellation)));

        // The last entry is gone, with what it tells of; the chain that is left holds.
        await _publisher.StopClearinghouseAsync();
        _publisher.Execute($"PRAGMA foreign_keys=OFF; DELETE FROM ProductKeys WHERE Id=(SELECT MAX(Id) FROM ProductKeys); DELETE FROM Audit WHERE Number={Entries}");
        await _publisher.StartClearinghouseAsync(_publisher.Options());
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(new([early], []), Cancellation)).Sound);
        foreach (var with in new[] { request, request with { Positions = [] }, request with { Heads = [] } })
        {
            var cut = await _publisher.Administration.VerifyAuditAsync(with, Cancellation);
            Assert.Equal((false, kept.Statement.Number), (cut.Sound, cut.Number));
            Assert.Contains("gone", cut.Fault, StringComparison.Ordinal);
        }

        // Others came in its place.
        await _publisher.MintAsync();
        await _publisher.MintAsync();
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
        foreach (var with in new[] { request, request with { Positions = [] }, request with { Heads = [] } })
        {
            var anew = await _publisher.Administration.VerifyAuditAsync(with, Cancellation);
            Assert.Equal((false, kept.Statement.Number), (anew.Sound, anew.Number));
            Assert.Contains("anew", anew.Fault, StringComparison.Ordinal);
        }

        Assert.NotNull(key);
    }

    [Fact]
    public async Task A_license_server_keeps_the_newest_head_and_says_when_a_later_one_contradicts_it()
    {
        await using var server = await RunningLicenseServer.StartAsync(_publisher);
        await server.ActivateAsync();
        await PassAsync();
        Assert.True(await PullAsync(server));
        var kept = await server.Administration.PublisherAuditHeadAsync(Cancellation);
        Assert.Equal((Entries, null), (kept.Number!.Value, kept.Fault));
        Assert.Equal("600", TestPublisher.ModeOf(Path.Combine(server.Directory, "state", "publisher-audit-head.json")));

        await _publisher.StopClearinghouseAsync();
        _publisher.Execute($"PRAGMA foreign_keys=OFF; DELETE FROM Audit WHERE Number={Entries}");
        await _publisher.StartClearinghouseAsync(_publisher.Options());
        await PassAsync();
        server.App.Services.GetRequiredService<PublisherHead>().Take((await HeadAsync()).Document);

        var contradicted = await server.Administration.PublisherAuditHeadAsync(Cancellation);
        Assert.Equal((kept.Number, kept.Hash), (contradicted.Number, contradicted.Hash));
        Assert.Contains("entries are gone", contradicted.Fault, StringComparison.Ordinal);
        Assert.False((await _publisher.Administration.VerifyAuditAsync(new([contradicted.Document!], []), Cancellation)).Sound);

        // The same number again, and other entries.
        await _publisher.MintAsync();
        await PassAsync();
        Assert.Equal(kept.Number, (await HeadAsync()).Statement.Number);
        server.App.Services.GetRequiredService<PublisherHead>().Take((await HeadAsync()).Document);
        Assert.Contains("anew", (await server.Administration.PublisherAuditHeadAsync(Cancellation)).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_nobody_or_somebody_else_signed_is_not_taken_and_named()
    {
        await PassAsync();
        var good = (await HeadAsync()).Document;
        using var stranger = TestAuthority.NewKey();
        await using var server = await RunningLicenseServer.StartAsync(_publisher);
        await server.ActivateAsync();
        server.App.Services.GetRequiredService<PublisherHead>().Take(good);
        var kept = (await server.Administration.PublisherAuditHeadAsync(Cancellation)).Number;
        var forged = Statement.Sign(new AuditHeadStatement(1_000, new byte[32], _publisher.Time.GetUtcNow()).Encode(), stranger);
        using var licenseServer = await _publisher.NewLicenseServerAsync();

        foreach (var (document, reason) in new[]
        {
            (good with { Head = forged }, "not signed"),
            (good with { Head = [] }, "head has"),
            (good with { IssuingCertificate = "" }, "issuingCertificate has"),
            (good with { IssuingCertificate = "rubbish" }, "cannot be read"),
            // It leads to the root, and is no issuing certificate.
            (new(Statement.Sign(new AuditHeadStatement(1_000, new byte[32], _publisher.Time.GetUtcNow()).Encode(), licenseServer.Key), licenseServer.Certificate.ExportCertificatePem()), "not one of the publisher's"),
        })
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.VerifyAuditAsync(new([document], []), Cancellation));
            Assert.Equal((LicensingProblem.InvalidField, "heads"), (problem.Problem, problem.Field));
            Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
            server.App.Services.GetRequiredService<PublisherHead>().Take(document);
            Assert.Equal(kept, (await server.Administration.PublisherAuditHeadAsync(Cancellation)).Number);
        }
    }

    [Fact]
    public async Task A_signer_that_is_away_is_logged_once_and_once_when_it_is_back()
    {
        await PassAsync();
        await _publisher.StopSignerAsync();
        for (var minute = 0; minute < 5; minute++)
            Assert.Equal(LicensingProblem.TemporarilyUnavailable, (await Assert.ThrowsAsync<ProblemException>(PassAsync)).Problem);
        Assert.Single(_publisher.LogLines, line => line.Contains("signer cannot be reached", StringComparison.Ordinal));
        Assert.DoesNotContain(_publisher.LogLines, line => line.Contains("answers again", StringComparison.Ordinal));

        await _publisher.StartSignerAsync();
        await PassAsync();
        await PassAsync();
        Assert.Single(_publisher.LogLines, line => line.Contains("answers again", StringComparison.Ordinal));

        await _publisher.StopSignerAsync();
        await Assert.ThrowsAsync<ProblemException>(PassAsync);
        Assert.Equal(2, _publisher.LogLines.Count(line => line.Contains("signer cannot be reached", StringComparison.Ordinal)));
    }

    private int LogLength => SigningLog.Read(_publisher.SignerOptions.LogFile).Count();

    private AuditPositionRecord Position() => SignerRole.LastAuditPosition(_publisher.SignerOptions.LogFile) is var (number, hash) ? new(number, hash) : throw new InvalidOperationException();

    private Task PassAsync() => _publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(Cancellation);

    private static Task<bool> PullAsync(RunningLicenseServer server) => server.App.Services.GetRequiredService<TrustPulls>().TryPullAsync(Cancellation);

    private async Task<(AuditHeadDocument Document, AuditHeadStatement Statement)> HeadAsync()
    {
        var document = await _publisher.Client.AuditHeadAsync(Cancellation);
        return (document, document.Verify(PublisherTrust.Of(_publisher.Root), _publisher.Time.GetUtcNow(), out _)!);
    }

    private static (bool Sound, long Entries) Said(ClearinghouseAuditVerification verification) => (verification.Sound, verification.Entries);
}
