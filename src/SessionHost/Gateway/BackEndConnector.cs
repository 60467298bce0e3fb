using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Protocol.Sequences;

namespace Ostiary.SessionHost.Gateway;

/// <summary>Opens connections to the RDP host behind.</summary>
internal sealed class BackEndConnector
{
    /// <summary>xrdp's queue takes two: beyond that a unix socket's connect fails at once, and a new socket gets in a little later.</summary>
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(10);

    private const int KeepAliveTime = 60;

    private readonly BackEndAddress _address;
    private readonly TimeProvider _time;

    public BackEndConnector(SessionHostOptions options, TimeProvider time)
    {
        _time = time;
        _address = BackEndAddress.TryParse(options.BackEnd, options.BackEndFingerprint, out var address, out var error)
            ? address
            : throw new InvalidOptionsException([error]);
    }

    public BackEndSecurity Security => _address is BackEndAddress.Tls ? BackEndSecurity.Tls : BackEndSecurity.Clear;

    public string Name => _address.ToString();

    /// <exception cref="SessionEndedException"><see cref="SessionEndReason.BackEndUnavailable"/>.</exception>
    public async Task<Socket> ConnectAsync(CancellationToken cancellation)
    {
        try
        {
            return _address is BackEndAddress.Unix unix
                ? await ConnectUnixAsync(new UnixDomainSocketEndPoint(unix.Path), cancellation).ConfigureAwait(false)
                : await ConnectTcpAsync((BackEndAddress.Tls)_address, cancellation).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw new SessionEndedException(SessionEndReason.BackEndUnavailable, failure);
        }
    }

    /// <summary>TLS as client, to the pinned key and no other.</summary>
    /// <exception cref="SessionEndedException"><see cref="SessionEndReason.BackEndUnavailable"/>.</exception>
    public async Task<SslStream> SecureAsync(Stream stream, CancellationToken cancellation)
    {
        var address = (BackEndAddress.Tls)_address;
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = IPAddress.TryParse(address.Host, out _) ? "" : address.Host,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                        certificate is X509Certificate2 presented && KeyFingerprint.Of(presented) == address.Fingerprint,
                },
                cancellation).ConfigureAwait(false);
            return tls;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new SessionEndedException(SessionEndReason.BackEndUnavailable, failure);
        }
    }

    private async Task<Socket> ConnectUnixAsync(UnixDomainSocketEndPoint endPoint, CancellationToken cancellation)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(endPoint, cancellation).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException full) when (full.SocketErrorCode is SocketError.WouldBlock or SocketError.TryAgain)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            await Task.Delay(TryAgainAfter, _time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<Socket> ConnectTcpAsync(BackEndAddress.Tls address, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveTime);
            await socket.ConnectAsync(address.Host, address.Port, cancellation).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
