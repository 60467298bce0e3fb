using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.Benchmarks;

/// <summary>HAProxy with TLS on both sides, and the server behind it: what somebody would put in front of an RDP host who wants TLS relayed and no more.</summary>
internal sealed class HaProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ScratchFolder _folder = new();
    private readonly TcpListener _backEnd = new(IPAddress.Loopback, 0);
    private readonly PeerProcess _process;
    private readonly X509Certificate2 _certificate;
    private readonly int _port;
    private readonly Task _serving;

    public HaProxy()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=relay", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(_folder["both.pem"], _certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        _backEnd.Start();
        _port = FreePort();
        File.WriteAllText(_folder["haproxy.cfg"], $"""
            global
              maxconn 100
            defaults
              mode tcp
              timeout connect 5s
              timeout client 10m
              timeout server 10m
            frontend rdp
              bind 127.0.0.1:{_port} ssl crt {_folder["both.pem"]}
              default_backend host
            backend host
              server host 127.0.0.1:{((IPEndPoint)_backEnd.LocalEndpoint).Port} ssl verify none

            """);
        _serving = ServeAsync();
        _process = PeerProcess.Start("haproxy", ["-db", "-f", _folder["haproxy.cfg"]]);
    }

    public int Pid => _process.Pid;

    /// <summary>A connection through it, to <see cref="Traffic.ServeAsync"/>.</summary>
    public async Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, _port, cancellation);
                var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true }, cancellation);
                return tls;
            }
            catch (SocketException) when (attempt < 100)
            {
                // It has only been started.
                socket.Dispose();
                await Task.Delay(50, cancellation);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _stopping.CancelAsync();
        _backEnd.Stop();
        await _serving;
        _certificate.Dispose();
        _stopping.Dispose();
        _folder.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _backEnd.AcceptSocketAsync(_stopping.Token);
                socket.NoDelay = true;
                _ = ServeAsync(socket);
            }
        }
        catch (OperationCanceledException)
        {
            // The benchmark is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stopping.Token);
            await Traffic.ServeAsync(tls, _stopping.Token);
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or SocketException)
        {
            // The client is gone.
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
