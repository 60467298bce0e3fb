using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>A scripted RDP client over a real socket and real TLS.</summary>
public sealed class RdpClient : IAsyncDisposable
{
    private const int SetErrorInfoLength = 22;
    private readonly NetworkStream _socket;
    private Stream _stream;

    private RdpClient(Socket socket, RdpClientOptions options)
    {
        _socket = new(socket, ownsSocket: true);
        _stream = _socket;
        Script = new(options);
    }

    public RdpClientScript Script { get; }

    /// <summary>What the client sees, after Demand Active: the desktop's bytes.</summary>
    public Stream Stream => _stream;

    /// <summary>The key of the certificate that the gateway showed.</summary>
    public KeyFingerprint? Shown { get; private set; }

    /// <summary>The connection was ended by the gateway with close_notify, or before TLS with FIN.</summary>
    public bool EndedOrderly { get; private set; }

    public byte[]? StoredLicense => Script.Licensing.StoredLicense;

    /// <summary>Runs a client to its script's end, or to the end of its connection.</summary>
    /// <param name="gateway">Where to connect.</param>
    /// <param name="options">Who the client is.</param>
    /// <param name="cancellation">The test's.</param>
    /// <param name="byteAtATime">Write single bytes.</param>
    /// <param name="from">The address to come from.</param>
    public static async Task<RdpClient> RunAsync(IPEndPoint gateway, RdpClientOptions options, CancellationToken cancellation, bool byteAtATime = false, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
            socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(gateway, cancellation);
        var client = new RdpClient(socket, options);
        await client.WriteAsync(client.Script.Start(), byteAtATime, cancellation);
        try
        {
            while (client.Script.End is null)
                foreach (var output in client.Script.Received(await Frames.ReadAsync(client._stream, cancellation)))
                    if (output is RdpClientOutput.Send send)
                        await client.WriteAsync(send.Frame, byteAtATime, cancellation);
                    else if (output is RdpClientOutput.StartTls)
                        await client.SecureAsync(cancellation);
        }
        catch (EndOfStreamException)
        {
            client.EndedOrderly = true;
        }

        return client;
    }

    /// <summary>
    /// Reads frames until the gateway ends the connection, orderly: MCS Disconnect Provider Ultimatum, then close_notify. Answers the code
    /// that it was told before, or null.
    /// </summary>
    public async Task<ErrorInfoCode?> ReadErrorInfoAsync(CancellationToken cancellation)
    {
        ErrorInfoCode? told = null;
        var goodbye = false;
        try
        {
            while (true)
            {
                var frame = await Frames.ReadAsync(_stream, cancellation);
                goodbye = frame.AsSpan(7) is [0x21, ..];
                if (frame.Length > SetErrorInfoLength && !goodbye)
                    told = Pdu.Decode<SetErrorInfo>(frame.AsSpan(frame.Length - SetErrorInfoLength)).Code;
            }
        }
        catch (EndOfStreamException)
        {
            EndedOrderly = goodbye;
            if (!goodbye)
                throw new InvalidDataException("the gateway ended the connection without a goodbye");
            return told;
        }
    }

    /// <summary>Reads until the gateway ends the connection.</summary>
    public async Task WaitForEndAsync(CancellationToken cancellation)
    {
        var rest = new byte[4096];
        while (await _stream.ReadAsync(rest, cancellation) > 0)
            continue;
        EndedOrderly = true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _socket.DisposeAsync();
    }

    private async Task SecureAsync(CancellationToken cancellation)
    {
        var tls = new SslStream(_socket, leaveInnerStreamOpen: true);
        _stream = tls;
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    Shown = KeyFingerprint.Of((X509Certificate2)certificate!);
                    return certificate is not null; // As RDP clients do: a person looks at it.
                },
            },
            cancellation);
    }

    private async Task WriteAsync(byte[] bytes, bool byteAtATime, CancellationToken cancellation)
    {
        if (!byteAtATime)
        {
            await _stream.WriteAsync(bytes, cancellation);
            return;
        }

        for (var i = 0; i < bytes.Length; i++)
            await _stream.WriteAsync(bytes.AsMemory(i, 1), cancellation);
    }
}
