using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer;
using Ostiary.LicenseServer.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>Key packs go from one license server to another, with what was issued of them: seats taken stay taken, and nothing is granted twice.</summary>
public sealed class PackTransferTests : IAsyncLifetime
{
    private static readonly UserClaim Alice = new("alice", "example.org", "1001");

    private readonly TestDevice _first = new("FIRST");
    private readonly TestDevice _second = new("SECOND");
    private TestPublisher _publisher = null!;
    private RunningLicenseServer _source = null!;
    private RunningLicenseServer _target = null!;
    private TestHost _host = null!;
    private TestHost _perUserHost = null!;
    private Guid[] _packs = null!;
    private string _userCal = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private string TargetId => _target.Ledger.Identity.Id.Text;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _source = await ActivatedAsync();
        _target = await ActivatedAsync();
        _packs = [await InstallAsync(CalType.Device, 4), await InstallAsync(CalType.User, 3)];
        _host = await _source.JoinAsync();
        _perUserHost = await _source.JoinAsync(mode: LicensingMode.PerUser);
        await _host.SettleAsync(_first);
        await _host.SettleAsync(_second);
        _userCal = (await _perUserHost.Client.RequestUserCalAsync(new(Guid.NewGuid(), Alice, AskingPass.Any), Cancellation)).Granted!.Serial;
        // A part that was converted goes with its pack.
        await _source.Administration.ConvertPackAsync(_packs[0], new(1), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _target.DisposeAsync();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task The_source_issues_nothing_more_of_them_and_holders_get_theirs_anew_at_the_target_with_their_seat_and_end()
    {
        var file = await TransferAsync();

        Assert.Equal((0, 0), await CountsAsync(_source));
        var newcomer = new TestDevice("NEWCOMER");
        Assert.True((await _host.SettleAsync(newcomer)).Granted!.Temporary);
        var again = await TransferAsync();
        Assert.Equal(file.Rows, again.Rows);
        using var third = await _publisher.NewLicenseServerAsync();
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_source.Administration.TransferAsync(new(_packs, third.Id.Text), Cancellation)));

        var received = await _target.Administration.ReceiveAsync(file, Cancellation);
        Assert.Equal((2, 3, 0), (received.KeyPacks.Count, received.Cals, received.Left));
        Assert.Equal(received.KeyPacks, (await _target.Administration.ReceiveAsync(again, Cancellation)).KeyPacks);
        Assert.Equal((7, 3), await CountsAsync(_target));

        // A device that the target's host has never seen, with a CAL of the source; and one that lost it.
        var targetHost = await _target.JoinAsync();
        var held = Read(_first);
        Assert.False((await targetHost.ConnectAsync(_first)).Granted!.Temporary);
        Assert.Equal((_target.Ledger.Identity.Key.Fingerprint, held.NotAfter), (Read(_first).LicenseServer, Read(_first).NotAfter));
        Assert.False((await targetHost.Client.RequestDeviceCalAsync(_second.Request(presents: false), Cancellation)).Granted!.Temporary);
        var user = (await (await _target.JoinAsync(mode: LicensingMode.PerUser)).Client.RequestUserCalAsync(new(Guid.NewGuid(), Alice, AskingPass.Any), Cancellation)).Granted!;
        Assert.Equal(_userCal, user.Serial);
        Assert.Equal((7, 3), await CountsAsync(_target));
        // A CAL that the source's key signs after that is nobody's here.
        Assert.True((await targetHost.ConnectAsync(newcomer)).Granted!.Temporary);

        // The publisher's list says it too, so a source that is put back from a copy gives nothing of them.
        await _source.App.Services.GetRequiredService<TrustPulls>().TryPullAsync(Cancellation);
        await using (var db = _source.Ledger.Database.OpenReader())
            Assert.All(await db.Packs.Where(pack => pack.SplitFrom == null).ToListAsync(Cancellation), pack => Assert.NotNull(pack.RevokedAt));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_source.Administration.UndoTransferAsync(_packs[0], Cancellation)));
        await AssertSoundAsync();
    }

    [Fact]
    public async Task Taken_back_before_it_was_received_all_is_as_it_was_and_the_file_is_good_for_nothing()
    {
        var before = await CountsAsync(_source);
        var file = await TransferAsync();

        var undone = await _source.Administration.UndoTransferAsync(_packs[1], Cancellation);

        Assert.Equal((2, 3), (undone.KeyPacks.Count, undone.Cals));
        Assert.Equal(before, await CountsAsync(_source));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_target.Administration.ReceiveAsync(file, Cancellation)));
        Assert.Equal(_second.Serial, (await _host.ConnectAsync(_second)).Granted!.Serial);
        // And signed away once more, by another transfer.
        Assert.Equal(3, (await _target.Administration.ReceiveAsync(await TransferAsync(), Cancellation)).Cals);
        await AssertSoundAsync();
    }

    [Fact]
    public async Task A_file_for_another_license_server_and_one_that_was_changed_are_refused()
    {
        var file = await TransferAsync();
        await using var third = await ActivatedAsync();
        var rows = TransferRows.Decode(file.Rows)!;
        var more = (rows with { Cals = [.. rows.Cals, rows.Cals[0] with { Serial = new string('a', 32) }] }).Encode();

        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(third.Administration.ReceiveAsync(file, Cancellation)));
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_target.Administration.ReceiveAsync(file with { Rows = more }, Cancellation)));
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_target.Administration.ReceiveAsync(file with { SourceCertificates = CertificateChain.ToPem(third.Ledger.Identity.Current.Chain) }, Cancellation)));
        Assert.Equal((0, 0), await CountsAsync(_target));
    }

    [Theory]
    [InlineData(nameof(SuccessionStep.TransferStored))]
    [InlineData(nameof(SuccessionStep.PacksMoved))]
    [InlineData(nameof(SuccessionStep.Received))]
    public async Task Cut_off_after_a_step_it_is_finished_by_the_same_command(string step)
    {
        Action<SuccessionStep> crash = reached =>
        {
            if (reached.ToString() == step)
                throw new InvalidOperationException($"crash after {step}");
        };
        var atSource = step == nameof(SuccessionStep.TransferStored);
        (atSource ? _source : _target).AfterStep = crash;
        await (atSource ? _source : _target).RestartAsync();
        if (atSource)
            Assert.Equal(LicensingProblem.InternalError, await ProblemAsync(TransferAsync()));
        else
            Assert.Equal(LicensingProblem.InternalError, await ProblemAsync(_target.Administration.ReceiveAsync(await TransferAsync(), Cancellation)));
        (atSource ? _source : _target).AfterStep = null;
        await (atSource ? _source : _target).RestartAsync();

        var received = await _target.Administration.ReceiveAsync(await TransferAsync(), Cancellation);

        Assert.Equal((2, 3), (received.KeyPacks.Count, received.Cals));
        Assert.Equal(((0, 0), (7, 3)), (await CountsAsync(_source), await CountsAsync(_target)));
        var targetHost = await _target.JoinAsync();
        await targetHost.ConnectAsync(_first);
        Assert.Equal(_target.Ledger.Identity.Key.Fingerprint, Read(_first).LicenseServer);
        await AssertSoundAsync();
    }

    [Theory]
    [InlineData(nameof(IssuanceStep.TransferStored))]
    [InlineData(nameof(IssuanceStep.TransferSigned))]
    public async Task A_move_that_crashed_at_the_clearinghouse_is_completed_by_the_same_request_and_by_no_other(string step)
    {
        using var from = await _publisher.NewLicenseServerAsync();
        using var to = await _publisher.NewLicenseServerAsync();
        using var other = await _publisher.NewLicenseServerAsync();
        Assert.True(Statement.TryReadUnverified((await from.RedeemAsync(_publisher, await _publisher.MintAsync())).KeyPack, out var payload));
        var move = to.NewMove(from, KeyPackStatement.Decode(payload).PackId, _publisher.Time.GetUtcNow());
        await _publisher.RestartClearinghouseAsync(reached =>
        {
            if (reached.ToString() == step)
                throw new InvalidOperationException($"crash after {step}");
        });

        Assert.Equal(LicensingProblem.InternalError, await ProblemAsync(_publisher.Client.MovePacksAsync(move, Cancellation)));
        await _publisher.RestartClearinghouseAsync();
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Client.UndoTransferAsync(from.NewUndo(to.TransferId, _publisher.Time.GetUtcNow()), Cancellation)));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Client.MovePacksAsync(other.NewMove(from, KeyPackStatement.Decode(payload).PackId, _publisher.Time.GetUtcNow()), Cancellation)));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Client.MovePacksAsync(other.NewMove(from, KeyPackStatement.Decode(payload).PackId, _publisher.Time.GetUtcNow(), to), Cancellation)));
        var moved = await _publisher.Client.MovePacksAsync(move, Cancellation);

        Assert.Equal(moved.KeyPacks[0].KeyPack.KeyPack, (await _publisher.Client.MovePacksAsync(move, Cancellation)).KeyPacks[0].KeyPack.KeyPack);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Transfers"));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='key-pack-moved'"));
        Assert.NotNull((await _publisher.Client.TrustAsync(Cancellation)).Revocations);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    private Task<TransferFile> TransferAsync() => _source.Administration.TransferAsync(new(_packs, TargetId), Cancellation);

    private async Task<RunningLicenseServer> ActivatedAsync()
    {
        var server = await RunningLicenseServer.StartAsync(_publisher);
        await server.ActivateAsync();
        return server;
    }

    private async Task<Guid> InstallAsync(CalType type, int quantity)
    {
        var key = (await _publisher.Administration.MintAsync(new(type, new(2022), quantity, 1, "retail"), Cancellation)).Keys[0].ProductKey!;
        return (await _source.Administration.InstallPackAsync(new(key), Cancellation)).PackId;
    }

    private static async Task<(int Installed, int Issued)> CountsAsync(RunningLicenseServer server)
    {
        var counts = (await server.Administration.StatusAsync(Cancellation)).Counts;
        return (counts.Sum(count => count.Installed), counts.Sum(count => count.Issued));
    }

    private static DeviceCal Read(TestDevice device)
    {
        Assert.True(DeviceCal.TryRead(device.Stored!, out var cal));
        return cal;
    }

    private async Task AssertSoundAsync()
    {
        Assert.Empty((await _source.Administration.VerifyAuditAsync(Cancellation)).Faults);
        Assert.Empty((await _target.Administration.VerifyAuditAsync(Cancellation)).Faults);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
