using System.Net;
using System.Net.Sockets;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Back ends of each kind, and clients that the back end must never see.</summary>
public sealed class BackEndTests : IAsyncLifetime
{
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
    [InlineData(BackEndForm.Xrdp09, false)]
    [InlineData(BackEndForm.Xrdp010, false)]
    [InlineData(BackEndForm.Xrdp09, true)]
    [InlineData(BackEndForm.Xrdp010, true)]
    public async Task A_device_is_licensed_in_front_of_either_xrdp_in_clear_and_with_TLS(BackEndForm form, bool tls)
    {
        await using var xrdp = tls ? FakeXrdp.WithTls(form) : FakeXrdp.InClear(BackEndPath, form);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.NewLicense), (client.Script.End, client.Script.Licensing.End));
    }

    [Fact]
    public async Task A_client_that_writes_single_bytes_is_served()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        await using var client = await gateway.ConnectAsync(byteAtATime: true);

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
    }

    [Fact]
    public async Task A_back_end_that_licenses_for_itself_is_refused_before_a_desktop()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, BackEndForm.Licensing);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(RdpClientEnd.Disconnected, client.Script.End);
        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Reason: "back-end-not-supported" }]);
    }

    [Theory]
    [InlineData(BackEndForm.Refusing)]
    [InlineData(BackEndForm.Skipping)]
    public async Task A_back_end_that_skips_or_refuses_licensing_opens_nothing(BackEndForm form)
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, form);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        await using var client = await gateway.ConnectAsync();

        Assert.NotEqual(RdpClientEnd.DemandActive, client.Script.End);
        Assert.Empty(await gateway.SessionsAsync());
    }

    [Fact]
    public async Task A_TLS_back_end_with_another_key_is_not_spoken_to()
    {
        await using var xrdp = FakeXrdp.WithTls();
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server], options => new()
        {
            StateDirectory = options.StateDirectory,
            BackEnd = options.BackEnd,
            BackEndFingerprint = new string('0', 64),
            Listen = options.Listen,
        });

        await using var client = await gateway.ConnectAsync();

        Assert.Null(client.Script.End);
        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Reason: "back-end-unavailable" }]);
        Assert.All(xrdp.Connections, connection => Assert.Equal(["E0"], connection.Received));
    }

    [Fact]
    public async Task A_back_end_that_chooses_TLS_where_clear_is_configured_is_refused_with_the_setting_to_change()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, confirms: BackEndSecurity.Tls);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        await using var client = await gateway.ConnectAsync();

        Assert.Null(client.Script.End);
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count == 1);
        var refusal = (await gateway.RefusalsAsync())[0];
        Assert.Equal("back-end-not-supported", refusal.Reason);
        Assert.Contains("security_layer=rdp", refusal.Fix, StringComparison.Ordinal);
        Assert.All(xrdp.Connections, connection => Assert.Equal(["E0"], connection.Received));
    }

    [Fact]
    public async Task A_back_end_that_is_not_there_is_recorded_with_what_to_do()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);
        await xrdp.DisposeAsync();

        await using var client = await gateway.ConnectAsync();

        Assert.Null(client.Script.End);
        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Reason: "back-end-unavailable", Rule: "-" }]);
    }

    [Fact]
    public async Task Forty_clients_at_once_get_through_a_back_end_whose_queue_takes_two()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath, backlog: 2);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        var clients = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => gateway.ConnectAsync(machine: $"PC-{i}")));

        Assert.All(clients, client => Assert.Equal(RdpClientEnd.DemandActive, client.Script.End));
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task Standard_RDP_security_is_refused_in_the_negotiation_and_the_back_end_never_sees_it()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);

        await using var client = await RdpClient.RunAsync(gateway.EndPoint, new() { RequestedProtocols = null }, TestContext.Current.CancellationToken);

        Assert.Equal((RdpClientEnd.NotNegotiated, NegotiationFailureCode.SslRequiredByServer), (client.Script.End, client.Script.NegotiationFailure));
        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Reason: "tls-required", Rule: "1" }]);
        Assert.Empty(xrdp.Connections);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0003\u0000\u0000\u0008\u0003\u00E0\u0000\u0000")]
    [InlineData("\u0003\u0000\u00FF\u00FF")]
    public async Task Garbage_ends_the_connection_and_never_reaches_the_back_end(string garbage)
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.EndPoint, TestContext.Current.CancellationToken);
        await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(garbage));

        var answered = await ReadToEndAsync(socket);

        Assert.Equal(0, answered);
        Assert.Empty(xrdp.Connections);
    }

    [Fact]
    public async Task A_client_that_ends_after_its_TLS_handshake_never_reaches_the_back_end()
    {
        await using var xrdp = FakeXrdp.InClear(BackEndPath);
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server]);
        await using var half = await HalfOpenClient.SecuredAsync(gateway.EndPoint);

        await half.DisposeAsync();
        await using var client = await gateway.ConnectAsync();

        Assert.Single(xrdp.Connections);
    }

    private static async Task<int> ReadToEndAsync(Socket socket)
    {
        var buffer = new byte[256];
        var total = 0;
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken)) > 0)
                total += read;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Bytes that nobody read make the kernel reset: an end as well.
        }

        return total;
    }
}

/// <summary>A client that stops half way.</summary>
public sealed class HalfOpenClient : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private System.Net.Security.SslStream? _tls;

    /// <summary>Connected, and silent.</summary>
    public static async Task<HalfOpenClient> SilentAsync(IPEndPoint gateway, IPAddress? from = null)
    {
        var client = new HalfOpenClient();
        if (from is not null)
            client._socket.Bind(new IPEndPoint(from, 0));
        await client._socket.ConnectAsync(gateway);
        return client;
    }

    /// <summary>Past TLS, and silent.</summary>
    public static async Task<HalfOpenClient> SecuredAsync(IPEndPoint gateway)
    {
        var client = await SilentAsync(gateway);
        await client._socket.SendAsync(new RdpClientScript(new()).Start());
        var stream = new NetworkStream(client._socket);
        _ = await Frames.ReadAsync(stream, CancellationToken.None);
        client._tls = new(stream);
        await client._tls.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        });
        return client;
    }

    /// <summary>Returns when the gateway has ended the connection.</summary>
    public async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        var buffer = new byte[256];
        try
        {
            while (await (_tls?.ReadAsync(buffer, limit.Token) ?? _socket.ReceiveAsync(buffer, limit.Token)) > 0)
                continue;
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception reset) when (reset is IOException or SocketException)
        {
            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_tls is not null)
            await _tls.DisposeAsync();
        _socket.Dispose();
    }
}
