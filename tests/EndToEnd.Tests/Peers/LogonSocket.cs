using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>Stands in for the session host's logon socket: gives every report the same answer.</summary>
public sealed class LogonSocket : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<JsonElement> _reports = [];
    private readonly Lock _lock = new();
    private readonly byte[]? _answer;
    private readonly Task _serving;

    /// <param name="answer">What follows the length, or null: accept and stay silent.</param>
    public LogonSocket(string path, string? answer)
    {
        _answer = answer is null ? null : Encoding.UTF8.GetBytes(answer);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _serving = ServeAsync();
    }

    public IReadOnlyList<JsonElement> Reports
    {
        get
        {
            lock (_lock)
                return [.. _reports];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var hook = await _listener.AcceptAsync(_stop.Token);
                await using var stream = new NetworkStream(hook);
                var report = await ReadAsync(stream, _stop.Token);
                lock (_lock)
                    _reports.Add(report);
                if (_answer is null)
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                else
                    await WriteAsync(stream, _answer, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>A length of 4 bytes, big-endian, then JSON: the framing of both helper sockets.</summary>
    public static async Task<JsonElement> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var header = new byte[4];
        await stream.ReadExactlyAsync(header, cancellation);
        var json = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
        await stream.ReadExactlyAsync(json, cancellation);
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <inheritdoc cref="ReadAsync"/>
    public static async Task WriteAsync(Stream stream, byte[] json, CancellationToken cancellation)
    {
        var message = new byte[4 + json.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, json.Length);
        json.CopyTo(message, 4);
        await stream.WriteAsync(message, cancellation);
    }
}
