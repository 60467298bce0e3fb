using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.SessionHost.Gateway;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Reading records of TLS together.</summary>
public sealed class RelayReaderTests : IAsyncLifetime
{
    private const int RecordLength = 16 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HeldStream _wire = new();
    private SslStream _client = null!;
    private SocketStream _socket = null!;
    private SslStream _server = null!;
    private RelayReader _reader = null!;

    public async ValueTask InitializeAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await _wire.Socket.ConnectAsync(listener.LocalEndpoint, cancellation);
        _socket = new(await listener.AcceptSocketAsync(cancellation));
        _client = new(_wire);
        _server = new(_socket);
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=relay", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await Task.WhenAll(
            _server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancellation),
            _client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null }, cancellation));
        // What the handshake has left behind in TLS 1.3 is out of the way.
        await _client.WriteAsync(new byte[1], cancellation);
        await _server.ReadExactlyAsync(new byte[1], cancellation);
        _socket.BeginRelaying();
        _reader = new(_server, _socket, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _client.DisposeAsync();
    }

    [Fact]
    public async Task Records_that_have_arrived_come_together()
    {
        var sent = await HoldAsync(3 * RecordLength);
        await ReleaseAsync(_wire.Held);

        var first = await ReadAsync();

        Assert.Equal(sent, first);
    }

    [Fact]
    public async Task A_record_of_which_a_part_has_arrived_does_not_hold_up_those_before_it()
    {
        const int withheld = 100;
        var sent = await HoldAsync(2 * RecordLength);
        await ReleaseAsync(_wire.Held - withheld);

        var first = await ReadAsync();
        var second = ReadAsync();
        var early = second.IsCompleted;
        await _wire.ReleaseAsync(withheld, TestContext.Current.CancellationToken);

        Assert.Equal(sent[..RecordLength], first);
        Assert.False(early);
        Assert.Equal(sent[RecordLength..], await second);
    }

    [Fact]
    public async Task The_end_is_told_once_all_bytes_are()
    {
        var sent = await HoldAsync(2 * RecordLength);
        await _client.ShutdownAsync();
        await ReleaseAsync(_wire.Held);

        var read = await ReadAsync();

        Assert.Equal(sent, read);
        Assert.Empty(await ReadAsync());
        Assert.Empty(await ReadAsync());
    }

    private async Task<byte[]> HoldAsync(int length)
    {
        var clear = RandomNumberGenerator.GetBytes(length);
        _wire.Hold();
        await _client.WriteAsync(clear, TestContext.Current.CancellationToken);
        return clear;
    }

    /// <summary>Returns when they are in the other end's socket, so that one read of it brings them.</summary>
    private async Task ReleaseAsync(int count)
    {
        await _wire.ReleaseAsync(count, TestContext.Current.CancellationToken);
        await Gateway.UntilAsync(() => Task.FromResult(_socket.Socket.Available >= count));
    }

    private async Task<byte[]> ReadAsync()
        => (await _reader.ReadAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken)).ToArray();
}
