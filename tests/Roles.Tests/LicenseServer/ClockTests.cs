using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer.Time;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>The license server's clock: 24 hours at once are believed, more is not until somebody confirms it.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class ClockTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;
    private TestHost _host = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartWithPackAsync(_clearinghouse, 1);
        _host = await _server.JoinAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
    }

    [Theory]
    [InlineData(24, true)]
    [InlineData(25, false)]
    [InlineData(24 * 365, false)]
    [InlineData(-25, false)]
    [InlineData(-24 * 365, false)]
    public async Task The_machines_clock_is_believed_for_24_hours_at_once(int hours, bool believed)
    {
        var before = _server.Time.GetUtcNow();

        _server.Time.LeapTo(before.AddHours(hours));
        var clock = await _server.Administration.ClockAsync(Cancellation);

        Assert.Equal(new(before.AddHours(hours), believed ? before.AddHours(hours) : before, believed), clock);
        Assert.Equal(clock, (await _server.Administration.StatusAsync(Cancellation)).Clock);
    }

    [Fact]
    public async Task After_a_leap_forward_no_seat_comes_back_and_nobody_is_refused_until_it_is_confirmed()
    {
        var (holder, waiting) = (new TestDevice("HOLDER"), new TestDevice("WAITING"));
        await _host.SettleAsync(holder);
        await _host.SettleAsync(waiting);

        _server.Time.LeapTo(_server.Time.GetUtcNow().AddDays(100));
        var held = await _host.ConnectAsync(holder);
        var temporary = await _host.ConnectAsync(waiting);
        var counts = await CountsAsync();
        var confirmed = await _server.Administration.ConfirmClockAsync(Cancellation);
        var after = await CountsAsync();
        var again = await _server.Administration.ConfirmClockAsync(Cancellation);

        Assert.Equal(holder.Serial, held.Granted!.Serial);
        Assert.True(temporary.Granted!.Temporary);
        Assert.Equal((1, 1), (counts.Issued, counts.Temporary));
        Assert.True(confirmed.Confirmed);
        Assert.Equal((0, 0), (after.Issued, after.Temporary));
        Assert.Equal(confirmed, again);
        Assert.Single((await _server.Administration.AuditAsync(null, 1000, Cancellation)).Items, entry => entry is { Kind: "clock-confirmed", By: "root" });
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Time_goes_on_from_where_it_was_and_setting_the_clock_back_wins_no_day()
    {
        var device = new TestDevice("CLIENT");
        var granted = await _host.SettleAsync(device);
        var before = _server.Time.GetUtcNow();

        _server.Time.LeapTo(before.AddDays(-50));
        await _server.Administration.ClockAsync(Cancellation);
        _server.Time.Advance(TimeSpan.FromDays(10));
        var clock = await _server.Administration.ClockAsync(Cancellation);
        var told = SignedTimeStatement.Decode(_server.Verified((await _host.Client.TimeAsync(new(RandomNumberGenerator.GetBytes(SignedTimeStatement.NonceLength)), Cancellation)).Statement));

        Assert.Equal(before.AddDays(10), clock.Counts);
        Assert.Equal(before.AddDays(10), told.Now);
        Assert.Equal(granted.Granted!.Serial, (await _host.ConnectAsync(device)).Granted!.Serial);
    }

    [Fact]
    public async Task A_leap_while_the_role_is_down_is_a_leap_and_the_latest_time_survives()
    {
        var device = new TestDevice("CLIENT");
        await _host.SettleAsync(device);
        _server.Time.Advance(TimeSpan.FromHours(20));
        await _host.ConnectAsync(device);
        await _host.SettleAsync(new TestDevice("OTHER"));
        var before = _server.Time.GetUtcNow();

        _server.Time.LeapTo(before.AddDays(-3));
        await _server.RestartAsync();
        var back = await _server.Administration.ClockAsync(Cancellation);
        _server.Time.LeapTo(before.AddHours(3));
        await _server.RestartAsync();
        var within = await _server.Administration.ClockAsync(Cancellation);

        Assert.Equal((before, false), (back.Counts, back.Confirmed));
        Assert.Equal((before.AddHours(3), true), (within.Counts, within.Confirmed));
    }

    [Fact]
    public async Task The_clearinghouse_confirms_a_clock_that_is_right()
    {
        var there = _server.Time.GetUtcNow().AddDays(500);
        _clearinghouse.Now = there;
        _server.Time.LeapTo(there);
        Assert.False((await _server.Administration.ClockAsync(Cancellation)).Confirmed);

        await SettleAsync();

        Assert.Equal(new(there, there, true), await _server.Administration.ClockAsync(Cancellation));
        Assert.Single((await _server.Administration.AuditAsync(null, 1000, Cancellation)).Items, entry => entry is { Kind: "clock-confirmed", By: "" });
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Where_the_machines_clock_is_wrong_the_clearinghouses_time_counts_and_goes_on()
    {
        var before = _server.Time.GetUtcNow();
        _clearinghouse.Now = before.AddDays(3);
        _server.Time.LeapTo(before.AddDays(500));

        await SettleAsync();
        var told = await _server.Administration.ClockAsync(Cancellation);
        _clearinghouse.Now = before.AddDays(3).AddHours(2);
        _server.Time.Advance(TimeSpan.FromHours(2));
        await SettleAsync();

        Assert.Equal((before.AddDays(3), false), (told.Counts, told.Confirmed));
        Assert.Equal(new(before.AddDays(500).AddHours(2), before.AddDays(3).AddHours(2), false), await _server.Administration.ClockAsync(Cancellation));
        Assert.Single((await _server.Administration.AuditAsync(null, 1000, Cancellation)).Items, entry => entry.Kind == "clock-confirmed");
    }

    [Theory]
    [InlineData("another key")]
    [InlineData("another question")]
    [InlineData("no such route")]
    public async Task What_is_not_the_clearinghouses_word_confirms_nothing(string fault)
    {
        using var stranger = TestAuthority.NewKey();
        var before = _server.Time.GetUtcNow();
        _clearinghouse.Now = fault == "no such route" ? null : before.AddDays(500);
        _clearinghouse.TimeOfAnother = fault == "another question";
        if (fault == "another key")
            _clearinghouse.Signer = stranger;
        _server.Time.LeapTo(before.AddDays(500));

        await SettleAsync();

        Assert.Equal(new(before.AddDays(500), before, false), await _server.Administration.ClockAsync(Cancellation));
    }

    private Task SettleAsync() => _server.App.Services.GetRequiredService<ClearinghouseTime>().SettleAsync(Cancellation);

    private async Task<CalCounts> CountsAsync() => (await _server.Administration.StatusAsync(Cancellation)).Counts.Single(counts => counts.Type == CalType.Device);
}
