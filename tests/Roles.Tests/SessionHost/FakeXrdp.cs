using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>
/// An RDP host as far as licensing needs one: on a unix socket in clear or on TCP with TLS, in the order of xrdp 0.9 or 0.10. What happens
/// after Demand Active is the test's.
/// </summary>
public sealed class FakeXrdp : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly BackEndForm _form;
    private readonly BackEndSecurity _confirms;
    private readonly Func<Stream, CancellationToken, Task> _desktop;
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    private FakeXrdp(Socket listener, string address, BackEndForm form, BackEndSecurity confirms, X509Certificate2? certificate, Func<Stream, CancellationToken, Task>? desktop)
    {
        (_listener, Address, _form, _confirms, _certificate) = (listener, address, form, confirms, certificate);
        _desktop = desktop ?? SwallowAsync;
        _accepting = AcceptAsync();
    }

    /// <summary>For BackEnd in the options.</summary>
    public string Address { get; }

    /// <summary>For BackEndFingerprint; null in clear.</summary>
    public string? Fingerprint => _certificate is null ? null : KeyFingerprint.Of(_certificate).Hex;

    /// <summary>One script a connection.</summary>
    public ConcurrentQueue<BackEndScript> Connections { get; } = new();

    /// <summary>On a unix socket; it confirms <paramref name="confirms"/>, whatever is asked.</summary>
    public static FakeXrdp InClear(
        string path, BackEndForm form = BackEndForm.Xrdp09, Func<Stream, CancellationToken, Task>? desktop = null, int backlog = 64, BackEndSecurity confirms = BackEndSecurity.Clear)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(backlog);
        return new(listener, "unix:" + path, form, confirms, null, desktop);
    }

    public static FakeXrdp WithTls(BackEndForm form = BackEndForm.Xrdp09, Func<Stream, CancellationToken, Task>? desktop = null)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=xrdp.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
        return new(listener, $"tls:127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}", form, BackEndSecurity.Tls, certificate, desktop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _certificate?.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var script = new BackEndScript(_form, _confirms);
        Connections.Enqueue(script);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await AnswerAsync(stream, script);
            if (_certificate is not null)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            }

            while (!script.IsActive)
                await AnswerAsync(stream, script);
            await _desktop(stream, _stop.Token);
            if (stream is SslStream secured)
                await secured.ShutdownAsync();
        }
        catch (Exception over) when (over is IOException or SocketException or OperationCanceledException or WireFormatException)
        {
            // The gateway closed, as it does when it refuses.
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    private async Task AnswerAsync(Stream stream, BackEndScript script)
    {
        foreach (var frame in script.Answer(await Frames.ReadAsync(stream, _stop.Token)))
            await stream.WriteAsync(frame, _stop.Token);
    }

    private static async Task SwallowAsync(Stream stream, CancellationToken cancellation)
    {
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, cancellation) > 0)
            continue;
    }
}

/// <summary>Whole frames from a stream, not a byte more.</summary>
public static class Frames
{
    public static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var bytes = new List<byte>();
        var one = new byte[1];
        FrameHeader header;
        while (!Framing.TryReadHeader(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes), Limits.TpktFrame, out header))
        {
            await stream.ReadExactlyAsync(one, cancellation);
            bytes.Add(one[0]);
        }

        var frame = new byte[header.Length];
        bytes.CopyTo(frame);
        await stream.ReadExactlyAsync(frame.AsMemory(bytes.Count), cancellation);
        return frame;
    }
}
