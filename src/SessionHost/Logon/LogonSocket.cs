using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ostiary.SessionHost.Logon;

/// <summary>
/// Where the PAM hook asks: answers <c>{"admit":true}</c>, or <c>{"admit":false,"reason":CODE}</c>, by <see cref="LogonGate"/>. Only root and the role's own user
/// are heard (SO_PEERCRED); the socket's mode is 0660.
/// </summary>
internal sealed class LogonSocket(SessionHostOptions options, LogonGate gate, LogonRefusals refusals, TimeProvider time, ILogger<LogonSocket> logger) : BackgroundService
{
    private const int MaxMessage = 4096;
    private const int MaxConnections = 64;
    private static readonly TimeSpan QuestionTime = TimeSpan.FromSeconds(2);
    private static readonly byte[] Admit = "{\"admit\":true}"u8.ToArray();
    private readonly SemaphoreSlim _places = new(MaxConnections);
    private Socket? _listener;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = UnixListener.Listen(
            options.LogonSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        File.Delete(options.LogonSocket);
    }

    public override void Dispose()
    {
        _listener?.Dispose();
        _places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listener = _listener!;
        while (!stoppingToken.IsCancellationRequested)
        {
            await _places.WaitAsync(stoppingToken).ConfigureAwait(false);
            var connection = await listener.AcceptAsync(stoppingToken).ConfigureAwait(false);
            _ = AnswerAsync(connection, stoppingToken);
        }
    }

    // A task of its own: it takes every way in which a hook can leave or send nonsense, and lets nothing else pass unseen.
    private async Task AnswerAsync(Socket connection, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(QuestionTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            if (PeerCredentials.UserOf(connection) is var uid && uid != 0 && uid != PeerCredentials.OwnUser)
            {
                Log.LogonTurnedAway(logger, uid);
                return;
            }

            var message = await LocalMessage.ReadAsync(stream, MaxMessage, either.Token).ConfigureAwait(false);
            if (!LogonReport.TryRead(message, out var report))
            {
                Log.LogonNotUnderstood(logger, message.Length);
                return;
            }

            var verdict = await gate.DecideAsync(report, PeerCredentials.ProcessOf(connection), either.Token).ConfigureAwait(false);
            // The client first: xrdp puts its own window there as soon as the hook has said no.
            if (verdict.Refusal is { } refusal && await refusals.RefuseAsync(refusal, report.User, verdict.Connection).ConfigureAwait(false))
            {
                await LocalMessage.WriteAsync(stream, Refused(refusal.Reason), either.Token).ConfigureAwait(false);
                return;
            }

            await LocalMessage.WriteAsync(stream, Admit, either.Token).ConfigureAwait(false);
        }
        catch (Exception left) when (left is IOException or SocketException or InvalidDataException or OperationCanceledException)
        {
            Log.LogonBroken(logger, left.Message);
        }
        finally
        {
            _places.Release();
        }
    }

    private static byte[] Refused(string reason)
        => Encoding.UTF8.GetBytes($$"""{"admit":false,"reason":"{{JsonEncodedText.Encode(reason)}}"}""");
}

/// <summary>Who is at the other end of a unix socket, as the kernel says.</summary>
internal static partial class PeerCredentials
{
    public static uint OwnUser { get; } = geteuid();

    public static uint UserOf(Socket connection) => (uint)Read(connection, at: 4);

    /// <summary>Its process id; 0 where it is in no pid namespace of ours.</summary>
    public static int ProcessOf(Socket connection) => Read(connection, at: 0);

    private static int Read(Socket connection, int at)
    {
        const int levelSocket = 1, peerCredentials = 17; // struct ucred: pid, uid, gid.
        Span<byte> credentials = stackalloc byte[12];
        connection.GetRawSocketOption(levelSocket, peerCredentials, credentials);
        return MemoryMarshal.Read<int>(credentials[at..]);
    }

    [DllImport("libc")]
    private static extern uint geteuid();
}
