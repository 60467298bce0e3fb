using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.SessionHost.Gateway;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>After licensing: bytes through, ends passed on, stops and reloads.</summary>
public sealed class RelayTests : IAsyncLifetime
{
    private const int DesktopLength = 4 * 1024 * 1024;
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;

    private string BackEndPath => Path.Combine(_state, "rdp.sock");

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher);
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Random_data_arrives_unchanged_both_ways_and_a_half_close_lets_the_other_direction_finish(bool tls)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var desktop = Framed(RandomNumberGenerator.GetBytes(DesktopLength));
        var typed = RandomNumberGenerator.GetBytes(DesktopLength);
        var arrived = new TaskCompletionSource<byte[]>();
        async Task DesktopAsync(Stream stream, CancellationToken stop)
        {
            // The client's bytes to their end first, half of ours meanwhile, and the rest after the client has closed its half.
            var reading = ReadToEndAsync(stream, stop);
            await stream.WriteAsync(desktop.AsMemory(0, desktop.Length / 2), stop);
            arrived.TrySetResult(await reading);
            await stream.WriteAsync(desktop.AsMemory(desktop.Length / 2), stop);
        }

        await using var xrdp = tls ? FakeXrdp.WithTls(desktop: DesktopAsync) : FakeXrdp.InClear(BackEndPath, desktop: DesktopAsync);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);
        await using var client = await gateway.ConnectAsync();

        var seen = ReadToEndAsync(client.Stream, cancellation);
        await client.Stream.WriteAsync(typed, cancellation);
        await ((SslStream)client.Stream).ShutdownAsync();

        var atBackEnd = await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellation);
        var atClient = await seen.WaitAsync(TimeSpan.FromSeconds(30), cancellation);
        Assert.True(typed.AsSpan().SequenceEqual(atBackEnd));
        Assert.True(desktop.AsSpan().SequenceEqual(atClient));
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ End: "client-closed" }]);
    }

    [Fact]
    public async Task When_the_back_end_closes_the_client_gets_close_notify_and_the_session_says_so()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, desktop: (_, _) => Task.CompletedTask);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);
        await using var client = await gateway.ConnectAsync();

        await client.WaitForEndAsync(TestContext.Current.CancellationToken);

        Assert.True(client.EndedOrderly);
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ End: "back-end-closed" }]);
    }

    [Fact]
    public async Task A_back_end_that_sends_what_is_no_frame_before_the_logon_is_decided_ends_the_session()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, desktop: async (stream, stop) =>
        {
            await stream.WriteAsync("\u0001garbage"u8.ToArray(), stop);
            await ReadToEndAsync(stream, stop);
        });
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);
        await using var client = await gateway.ConnectAsync();

        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ End: "back-end-fault" }]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4096)]
    public void Frames_are_followed_whatever_pieces_they_come_in(int piece)
    {
        var bytes = Framed(RandomNumberGenerator.GetBytes(20_000));
        var tracker = new FrameTracker();

        for (var at = 0; at < bytes.Length; at += piece)
            tracker.Pass(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));

        Assert.True(tracker.AtBoundary);
        tracker.Pass([0x03, 0x00]);
        Assert.False(tracker.AtBoundary);
    }

    [Fact]
    public async Task A_session_goes_on_while_the_role_drains_and_new_clients_are_not_accepted()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, desktop: EchoAsync);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server], options => LicensingPathTests.With(options, drainTime: TimeSpan.FromSeconds(30)));
        await using var client = await gateway.ConnectAsync();
        var endPoint = gateway.EndPoint;

        var stopping = gateway.StopAsync();
        await Gateway.UntilAsync(async () => await RefusesConnectionsAsync(endPoint));
        var ping = Framed([1, 2, 3]);
        await client.Stream.WriteAsync(ping, TestContext.Current.CancellationToken);
        var answer = new byte[ping.Length];
        await client.Stream.ReadExactlyAsync(answer, TestContext.Current.CancellationToken);
        Assert.False(stopping.IsCompleted);
        await client.DisposeAsync();
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Equal(ping, answer);
    }

    [Fact]
    public async Task When_the_drain_time_is_over_sessions_end_and_their_end_and_all_refusals_are_in_the_database_after_the_stop()
    {
        var state = Path.Combine(_state, "kept");
        await using var xrdp = FakeXrdp.InClear(BackEndPath, desktop: EchoAsync);
        await using (var gateway = await Gateway.JoinedAsync(xrdp, [_server], state: state))
        {
            await using var client = await gateway.ConnectAsync();
            _server.Refuses = RefusalReason.NoCalAvailable;
            for (var i = 0; i < 20; i++)
                await using (var refused = await gateway.ConnectAsync(machine: $"NO-{i}"))
                    await refused.WaitForEndAsync(TestContext.Current.CancellationToken);
            await gateway.StopAsync();
        }

        await using var again = await Gateway.StartAsync(xrdp, state: state);

        Assert.Equal(20, (await again.RefusalsAsync()).Count);
        Assert.Equal("host-stopping", Assert.Single(await again.SessionsAsync()).End);
    }

    [Fact]
    public async Task A_changed_certificate_is_shown_to_the_next_client_without_a_restart_and_a_broken_one_is_not()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath);
        var state = Path.Combine(_state, "kept");
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server], state: state);
        await using var before = await gateway.ConnectAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=changed", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9));

        await File.WriteAllTextAsync(Path.Combine(state, "tls.key"), "half written", TestContext.Current.CancellationToken);
        await Task.Delay(1100, TestContext.Current.CancellationToken);
        await using var between = await gateway.ConnectAsync(machine: "PC-2");
        await File.WriteAllTextAsync(Path.Combine(state, "tls.pem"), certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(state, "tls.key"), key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await Task.Delay(1100, TestContext.Current.CancellationToken);
        await using var after = await gateway.ConnectAsync(machine: "PC-3");

        Assert.Equal(before.Shown, between.Shown);
        Assert.Equal(KeyFingerprint.Of(certificate), after.Shown);
        Assert.Equal(RdpClientEnd.DemandActive, after.Script.End);
    }

    /// <summary>The bytes in TPKT and fast-path frames of all sizes.</summary>
    private static byte[] Framed(byte[] bytes)
    {
        var framed = new List<byte>(bytes.Length + (bytes.Length / 100));
        var size = 1;
        for (var at = 0; at < bytes.Length; size = (size * 3 % 15_000) + 4)
        {
            var part = Math.Min(size, bytes.Length - at);
            if (size % 2 == 0)
                framed.AddRange([3, 0, (byte)((part + 7) >> 8), (byte)(part + 7), 2, 0xF0, 0x80]);
            else
                framed.AddRange([0, (byte)(0x80 | ((part + 3) >> 8)), (byte)(part + 3)]);
            framed.AddRange(bytes.AsSpan(at, part));
            at += part;
        }

        return [.. framed];
    }

    private static async Task EchoAsync(Stream stream, CancellationToken stop)
    {
        var buffer = new byte[4096];
        int length;
        while ((length = await stream.ReadAsync(buffer, stop)) > 0)
            await stream.WriteAsync(buffer.AsMemory(0, length), stop);
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream, CancellationToken stop)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, stop);
        return all.ToArray();
    }

    private static async Task<bool> RefusesConnectionsAsync(System.Net.IPEndPoint endPoint)
    {
        try
        {
            await using var client = await HalfOpenClient.SilentAsync(endPoint);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
