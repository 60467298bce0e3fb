using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ostiary.Benchmarks;

/// <summary>
/// What is left of a session host without licensing: X.224 in clear, TLS towards the client, clear towards xrdp's socket, bytes both ways.
/// The yardstick for connection time; it understands nothing and is no part of the product.
/// </summary>
internal sealed class PlainTlsRelay : IAsyncDisposable
{
    private const int SelectedProtocol = 15;
    private const byte Tls = 1;

    private readonly CancellationTokenSource _stopping = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly string _backEnd;
    private readonly Task _accepting;

    public PlainTlsRelay(string backEndSocket)
    {
        _backEnd = backEndSocket;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _certificate.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(RelayAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(Socket accepted)
    {
        try
        {
            accepted.NoDelay = true;
            await using var client = new NetworkStream(accepted, ownsSocket: true);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_backEnd), _stopping.Token);
            await using var backEnd = new NetworkStream(socket, ownsSocket: true);

            await backEnd.WriteAsync(await ReadTpktAsync(client), _stopping.Token);
            var confirm = await ReadTpktAsync(backEnd);
            confirm[SelectedProtocol] = Tls;
            await client.WriteAsync(confirm, _stopping.Token);

            await using var tls = new SslStream(client);
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stopping.Token);
            await Task.WhenAny(tls.CopyToAsync(backEnd, 65536, _stopping.Token), backEnd.CopyToAsync(tls, 65536, _stopping.Token));
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or SocketException)
        {
            // A client that goes away ends its connection, and that is all there is to say about it here.
        }
    }

    private async Task<byte[]> ReadTpktAsync(Stream stream)
    {
        var header = new byte[4];
        await stream.ReadExactlyAsync(header, _stopping.Token);
        var frame = new byte[(header[2] << 8) | header[3]];
        header.CopyTo(frame, 0);
        await stream.ReadExactlyAsync(frame.AsMemory(4), _stopping.Token);
        return frame;
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=relay", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        // SslStream wants the key in a form that it can share.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
