using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;

namespace Ostiary.LogonHelper;

/// <summary>A point in time on the monotonic clock; what is left of it limits each wait.</summary>
internal readonly struct Deadline(TimeSpan after)
{
    private readonly long _end = Environment.TickCount64 + (long)after.TotalMilliseconds;

    public bool Passed => Environment.TickCount64 >= _end;

    /// <summary>Milliseconds left, at least 1.</summary>
    /// <exception cref="TimeoutException">Nothing is left.</exception>
    public int Remaining => _end - Environment.TickCount64 is > 0 and var left ? (int)left : throw new TimeoutException();
}

/// <summary>
/// Both sockets speak the same: a length of 4 bytes, big-endian, then that many bytes of UTF-8 JSON on one line.
/// </summary>
internal static class Messages
{
    /// <summary>Most bytes of JSON on the logon socket.</summary>
    public const int LogonLimit = 4096;

    /// <summary>Most bytes of JSON in a question to the kernel helper; its answers are bounded by the entries asked.</summary>
    public const int KernelLimit = 65536;

    /// <exception cref="SocketException">The peer is gone or does not read in time.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> json, Deadline deadline)
    {
        var message = new byte[4 + json.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, json.Length);
        json.CopyTo(message.AsSpan(4));
        for (var sent = 0; sent < message.Length;)
        {
            socket.SendTimeout = deadline.Remaining;
            sent += socket.Send(message.AsSpan(sent), SocketFlags.None);
        }
    }

    /// <summary>
    /// One message, or null if the peer closed where a message would begin. Its first byte is awaited for
    /// <paramref name="idle"/>; from then on it may take <paramref name="whole"/>.
    /// </summary>
    /// <exception cref="SocketException">The peer is gone or too slow.</exception>
    /// <exception cref="TimeoutException">The peer is too slow.</exception>
    /// <exception cref="InvalidDataException">Cut short, empty, or longer than <paramref name="limit"/> bytes.</exception>
    public static byte[]? Receive(Socket socket, int limit, TimeSpan idle, TimeSpan whole)
    {
        var header = new byte[4];
        socket.ReceiveTimeout = new Deadline(idle).Remaining;
        var first = socket.Receive(header, SocketFlags.None);
        if (first == 0)
            return null;

        var deadline = new Deadline(whole);
        Fill(socket, header.AsSpan(first), deadline);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length == 0 || length > limit)
            throw new InvalidDataException($"a message of {length} bytes; at most {limit} are taken");
        var json = new byte[length];
        Fill(socket, json, deadline);
        return json;
    }

    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
            write(json);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Fill(Socket socket, Span<byte> buffer, Deadline deadline)
    {
        while (!buffer.IsEmpty)
        {
            socket.ReceiveTimeout = deadline.Remaining;
            var received = socket.Receive(buffer, SocketFlags.None);
            if (received == 0)
                throw new InvalidDataException("the peer closed within a message");
            buffer = buffer[received..];
        }
    }
}

/// <summary>
/// A person whose password was good asks to be let on. The name is the one that NSS returns; the remote host is
/// PAM's, absent with xrdp 0.9.
/// </summary>
/// <param name="User">The name.</param>
/// <param name="Uid">The user id.</param>
/// <param name="Local">The account is one of the machine's own files, not of a directory.</param>
/// <param name="Administrator">Root, or a member of one of the administrators' groups.</param>
/// <param name="Service">PAM's service.</param>
/// <param name="RemoteHost">PAM's remote host.</param>
internal sealed record LogonReport(string User, uint Uid, bool Local, bool Administrator, string Service, string? RemoteHost)
{
    public byte[] ToJson() => Messages.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("kind", "logon");
        json.WriteString("user", User);
        json.WriteNumber("uid", Uid);
        json.WriteBoolean("local", Local);
        json.WriteBoolean("administrator", Administrator);
        json.WriteString("service", Service);
        json.WriteString("rhost", RemoteHost);
        json.WriteEndObject();
    });
}

/// <summary>What the session host decided.</summary>
internal sealed record LogonAnswer(bool Admit, string Reason)
{
    /// <exception cref="JsonException">Not JSON.</exception>
    /// <exception cref="InvalidDataException">JSON, but not an answer.</exception>
    public static LogonAnswer Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("admit", out var admit)
            || admit.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw new InvalidDataException("the answer has no admit");
        var reason = document.RootElement.TryGetProperty("reason", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : "";
        return new LogonAnswer(admit.ValueKind == JsonValueKind.True, reason);
    }
}
