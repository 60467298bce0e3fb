using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>The root helper, as the role sees it: which user is behind each back-end socket is the test's word.</summary>
public sealed class FakeKernelHelper : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private int _questions;

    public FakeKernelHelper(string path)
    {
        Path = path;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _serving = ServeAsync();
    }

    public string Path { get; }

    /// <summary>The X server's user behind every socket that is asked for; null: none yet.</summary>
    public uint? Uid { get; set; }

    /// <summary>Of the sockets that were asked for, newest connection first, the one whose logon the hook was started for; null: the kernel does not tell.</summary>
    public Func<IReadOnlyList<uint>, uint?>? LogonAt { get; set; }

    public int Questions => Volatile.Read(ref _questions);

    /// <summary>What the PAM hook sends, and what it gets.</summary>
    public static async Task<string> ReportAsync(string logonSocket, string json)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(logonSocket));
        await using var stream = new NetworkStream(socket);
        await WriteAsync(stream, System.Text.Encoding.UTF8.GetBytes(json));
        try
        {
            return System.Text.Encoding.UTF8.GetString(await ReadAsync(stream, CancellationToken.None));
        }
        catch (IOException)
        {
            return "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var stream = new NetworkStream(await _listener.AcceptAsync(_stop.Token), ownsSocket: true);
                _ = AnswerAsync(stream);
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        await using var _ = stream;
        try
        {
            while (true)
            {
                using var question = JsonDocument.Parse(await ReadAsync(stream, _stop.Token));
                Interlocked.Increment(ref _questions);
                var x = Uid is { } uid ? $"{{\"pid\":1,\"uid\":{uid},\"display\":10}}" : "null";
                var inodes = question.RootElement.GetProperty("sockets").EnumerateArray().Select(socket => socket.GetUInt32()).ToList();
                var sockets = inodes.Select(inode => $"{{\"socket\":{inode},\"xrdp\":{inode},\"x\":{x}}}");
                var logon = LogonAt?.Invoke(inodes)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null";
                var logons = question.RootElement.GetProperty("logons").EnumerateArray().Select(hook => $"{{\"pid\":{hook.GetInt32()},\"xrdp\":{logon}}}");
                var tcp = question.RootElement.GetProperty("tcp").EnumerateArray()
                    .Select(ends => $"{{\"local\":\"{ends.GetProperty("local").GetString()}\",\"remote\":\"{ends.GetProperty("remote").GetString()}\",\"xrdp\":7,\"x\":{x}}}");
                await WriteAsync(stream, System.Text.Encoding.UTF8.GetBytes($"{{\"entries\":[{string.Join(',', sockets.Concat(tcp))}],\"logons\":[{string.Join(',', logons)}]}}"));
            }
        }
        catch (Exception over) when (over is IOException or OperationCanceledException)
        {
            // The role closed, or the test is over.
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var header = new byte[4];
        await stream.ReadExactlyAsync(header, cancellation);
        var json = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
        await stream.ReadExactlyAsync(json, cancellation);
        return json;
    }

    private static async Task WriteAsync(Stream stream, byte[] json)
    {
        var header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, json.Length);
        await stream.WriteAsync((byte[])[.. header, .. json]);
    }
}
