using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Ostiary.SessionHost.Logon;

/// <summary>One back-end connection as the helper is asked for it: the far end's inode, or both ends as the gateway sees them.</summary>
internal abstract record BackEndEnd
{
    private BackEndEnd()
    {
    }

    public sealed record Unix(uint Inode) : BackEndEnd;

    public sealed record Tcp(IPEndPoint Local, IPEndPoint Remote) : BackEndEnd;
}

/// <summary>What the kernel says of one back-end connection.</summary>
/// <param name="Xrdp">The xrdp process that holds its far end; null where it is not known (yet).</param>
/// <param name="Uid">The user of the X server that this process is connected to; null where there is none (yet).</param>
internal readonly record struct BackEndFinding(int? Xrdp, uint? Uid);

/// <summary>One answer of the helper.</summary>
/// <param name="BackEnds">A finding for each entry that was asked for, in their order.</param>
/// <param name="LogonXrdp">The xrdp process whose logon the hook was started for; null where the kernel leaves any doubt.</param>
internal sealed record KernelAnswer(IReadOnlyList<BackEndFinding> BackEnds, int? LogonXrdp);

/// <summary>
/// Asks the root helper which user's X server is behind back-end connections. One connection, opened again when it breaks.
/// Not for two questions at a time.
/// </summary>
internal sealed class KernelHelperClient(string socketPath, TimeProvider time) : IDisposable
{
    /// <summary>Entries in one question.</summary>
    public const int MostEntries = 256;

    private const int MaxAnswer = 256 * 1024;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);
    private NetworkStream? _stream;

    /// <summary>Asks about back-end connections and, where <paramref name="hook"/> is given, about the logon that this hook's process belongs to.</summary>
    /// <exception cref="IOException">The helper is not there, or its answer is not one.</exception>
    public async Task<KernelAnswer> AskAsync(IReadOnlyList<BackEndEnd> entries, int? hook, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            _stream ??= await ConnectAsync(either.Token).ConfigureAwait(false);
            await LocalMessage.WriteAsync(_stream, Question(entries, hook), either.Token).ConfigureAwait(false);
            return Read(await LocalMessage.ReadAsync(_stream, MaxAnswer, either.Token).ConfigureAwait(false), entries, hook);
        }
        catch (Exception failure) when (failure is SocketException or IOException or InvalidDataException or JsonException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            Dispose();
            throw new IOException($"the kernel helper at {socketPath} does not answer: {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }

    private async Task<NetworkStream> ConnectAsync(CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static byte[] Question(IReadOnlyList<BackEndEnd> entries, int? hook)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("sockets");
            foreach (var unix in entries.OfType<BackEndEnd.Unix>())
                json.WriteNumberValue(unix.Inode);
            json.WriteEndArray();
            json.WriteStartArray("tcp");
            foreach (var tcp in entries.OfType<BackEndEnd.Tcp>())
            {
                json.WriteStartObject();
                json.WriteString("local", Text(tcp.Local));
                json.WriteString("remote", Text(tcp.Remote));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("logons");
            if (hook is { } process)
                json.WriteNumberValue(process);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // The answer names each entry as it was asked for; it is matched by that, not by its place.
    private static KernelAnswer Read(byte[] json, IReadOnlyList<BackEndEnd> entries, int? hook)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("entries", out var answers)
            || answers.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException("an answer has the array entries");
        var found = new Dictionary<string, BackEndFinding>();
        foreach (var answer in answers.EnumerateArray())
            if (answer.ValueKind == JsonValueKind.Object)
                found[Key(answer)] = new(
                    Number(answer, "xrdp"),
                    answer.TryGetProperty("x", out var x) && x.ValueKind == JsonValueKind.Object && x.TryGetProperty("uid", out var uid) && uid.TryGetUInt32(out var user) ? user : null);
        var logon = hook is not null && document.RootElement.TryGetProperty("logons", out var logons) && logons.ValueKind == JsonValueKind.Array
            ? logons.EnumerateArray().Where(answer => answer.ValueKind == JsonValueKind.Object && Number(answer, "pid") == hook).Select(answer => Number(answer, "xrdp")).FirstOrDefault()
            : null;
        return new([.. entries.Select(entry => found.GetValueOrDefault(Key(entry)))], logon);
    }

    private static int? Number(JsonElement answer, string name)
        => answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static string Key(JsonElement answer)
        => answer.TryGetProperty("socket", out var inode) && inode.TryGetUInt32(out var number)
            ? number.ToString(CultureInfo.InvariantCulture)
            : answer.TryGetProperty("local", out var local) && answer.TryGetProperty("remote", out var remote)
                ? $"{local.GetString()} {remote.GetString()}"
                : "";

    private static string Key(BackEndEnd entry) => entry switch
    {
        BackEndEnd.Unix unix => unix.Inode.ToString(CultureInfo.InvariantCulture),
        BackEndEnd.Tcp tcp => $"{Text(tcp.Local)} {Text(tcp.Remote)}",
        _ => throw new InvalidOperationException(),
    };

    private static string Text(IPEndPoint end)
        => (end.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(end.Address.MapToIPv4(), end.Port) : end).ToString();
}
