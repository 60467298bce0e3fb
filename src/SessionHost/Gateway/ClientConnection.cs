using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Logon;
using Ostiary.SessionHost.Rules;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Gateway;

/// <summary>What every connection of the gateway uses.</summary>
internal sealed record GatewayServices(
    SessionHostOptions Options, TlsIdentity Tls, BackEndConnector BackEnd, LicensingIdentity Identity, LicensingServices Licensing,
    LiveSessions Sessions, CalsInUse CalsInUse, AdministrativeSessions Administrative, Store Store, GatewayMetrics Metrics, TimeProvider Time,
    ILogger<ClientConnection> Logger);

/// <summary>
/// One client, from its first byte to its last. Step 1: X.224 in clear, answered without the back end, and TLS. Step 2: the connection
/// sequence and licensing. Step 3: the relay. Step 4: goodbye, and what is to be recorded.
/// </summary>
internal sealed class ClientConnection(long id, Socket socket, System.Net.IPAddress address, Admission.Ticket ticket, Deadline deadline, GatewayServices services) : IDisposable
{
    private readonly ConnectionSequence _sequence = new(services.BackEnd.Security);
    private readonly DeviceLicensing _licensing = new(id, address, services.Licensing);
    private readonly SocketStream _socket = new(socket);
    private SslStream? _tls;
    private SequencePhase? _phase;

    /// <summary>Runs the connection to its end; throws nothing.</summary>
    public async Task<SessionEndReason> RunAsync()
    {
        SessionEndReason reason;
        try
        {
            reason = await RunPhasesAsync().ConfigureAwait(false);
        }
        catch (SessionEndedException ended)
        {
            reason = deadline.Reason ?? ended.Reason;
            Log.ConnectionFault(services.Logger, id, reason, _sequence.StateName, ended.InnerException?.Message);
            if (reason == SessionEndReason.BackEndUnavailable)
                _licensing.RefuseOutside(Refusal.BackEndUnavailable(services.BackEnd.Name, ended.InnerException?.Message ?? "no answer"));
        }
        catch (OperationCanceledException) when (deadline.Reason is { } over)
        {
            reason = over;
        }

        await CloseAsync(reason).ConfigureAwait(false);
        await RecordRefusalAsync().ConfigureAwait(false);
        return reason;
    }

    public void Dispose()
    {
        _phase?.Dispose();
        _tls?.Dispose();
        _socket.Dispose();
    }

    private async Task<SessionEndReason> RunPhasesAsync()
    {
        deadline.Enter(SessionEndReason.HandshakeTimeout, services.Options.HandshakeTime);
        var request = await NegotiateAsync().ConfigureAwait(false);
        if (request is null)
            return SessionEndReason.TlsRequired;
        _tls = await SecureAsync().ConfigureAwait(false);
        ticket.HandshakeDone();

        deadline.Enter(SessionEndReason.SequenceTimeout, services.Options.SequenceTime);
        using var client = new Peer(_tls, PeerReasons.Client, deadline.Token);
        _phase = new(_sequence, request, client, services.BackEnd, services.Identity, _licensing, deadline, services.Options, services.Metrics, services.Time);
        await _phase.RunAsync().ConfigureAwait(false);
        deadline.Leave();
        ticket.Admitted();

        return await RelayAsync(client, _phase).ConfigureAwait(false);
    }

    /// <summary>What to send the back end later, or null: the client was refused.</summary>
    private async Task<byte[]?> NegotiateAsync()
    {
        using var client = new Peer(_socket, PeerReasons.Client, deadline.Token);
        var request = await client.ReadExactFrameAsync(Limits.X224Frame).ConfigureAwait(false);
        try
        {
            var action = _sequence.FromClient(request);
            if (action is FrameAction.Refuse refuse)
            {
                _licensing.RefuseOutside(Refusal.TlsRequired);
                await client.WriteAsync(refuse.Answer).ConfigureAwait(false);
                return null;
            }

            if (_sequence.FromServer(NegotiationAnswer.For(services.BackEnd.Security)) is not FrameAction.StartTls start)
                throw new InvalidOperationException("the sequence does not take the answer of its own back end");
            await client.WriteAsync(start.Confirm).ConfigureAwait(false);
            return action is FrameAction.RelayPatched patched ? patched.Frame : request;
        }
        catch (Exception fault) when (fault is WireFormatException or ProtocolViolationException)
        {
            throw new SessionEndedException(SessionEndReason.ClientFault, fault);
        }
    }

    private async Task<SslStream> SecureAsync()
    {
        var tls = new SslStream(_socket, leaveInnerStreamOpen: true);
        try
        {
            await tls.AuthenticateAsServerAsync(services.Tls.ServerOptions, deadline.Token).ConfigureAwait(false);
            return tls;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or SocketException or ObjectDisposedException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new SessionEndedException(SessionEndReason.TlsFailed, failure);
        }
    }

    private async Task<SessionEndReason> RelayAsync(Peer client, SequencePhase phase)
    {
        var by = _licensing.By ?? throw new InvalidOperationException("licensing ended without a decision");
        using var relay = new Relay(client, phase.BackEnd, _socket, deadline, services.Metrics, services.Time) { BackEndSocket = phase.BackEndTlsSocket };
        ErrorInfoCode? toldAtEnd = null;
        var session = new LiveSession(id, phase.BackEndSocket, by.Serial, by.Temporary, by.LicenseServer, relay.LogonDecided)
        {
            AdministrativeAsked = _sequence.Facts.AsksForAdministrativeSession,
            Address = address,
            Device = _licensing.Device,
            End = (why, told) =>
            {
                toldAtEnd ??= told;
                _ = relay.EndBetweenFramesAsync(why);
            },
        };
        RecordStart(by);
        if (_licensing is { Observed: true, Refusal: { } observed })
            await RecordObservedAsync(observed).ConfigureAwait(false);
        if (by is { Serial: { } serial, LicenseServer: { } issuer })
            services.CalsInUse.Began(id, serial, issuer, address, services.Time.GetUtcNow());
        services.Sessions.Add(session);
        services.Administrative.Enter(session);
        services.Metrics.SessionBegan(by.Row, services.Time.GetElapsedTime(_licensing.BeganAt));
        var reason = SessionEndReason.InternalError;
        try
        {
            reason = await relay.RunAsync().ConfigureAwait(false);
            if (reason is (SessionEndReason.HostStopping or SessionEndReason.Refused or SessionEndReason.TakenOver) && relay.CanSayGoodbye)
                await phase.SayGoodbyeAsync(toldAtEnd).ConfigureAwait(false);
            return reason;
        }
        finally
        {
            services.Sessions.Remove(session);
            services.CalsInUse.Ended(id, services.Time.GetUtcNow());
            services.Administrative.Leave(session);
            services.Metrics.SessionEnded();
            await RecordEndAsync(reason).ConfigureAwait(false);
        }
    }

    // An orderly goodbye: without close_notify some clients report an error, and xrdp logs one. Then the client has a moment to read it.
    private async Task CloseAsync(SessionEndReason reason)
    {
        using var limit = new CancellationTokenSource(services.Options.CloseTime, services.Time);
        try
        {
            if (_tls is { } tls && reason is not (SessionEndReason.ClientLost or SessionEndReason.TlsFailed))
            {
                await _socket.EndRelayingAsync(limit.Token).ConfigureAwait(false);
                await tls.ShutdownAsync().WaitAsync(limit.Token).ConfigureAwait(false);
                socket.Shutdown(SocketShutdown.Send);
            }

            if (reason is SessionEndReason.Refused or SessionEndReason.TlsRequired or SessionEndReason.BackEndNotSupported)
            {
                var rest = new byte[512];
                while (await socket.ReceiveAsync(rest, SocketFlags.None, limit.Token).ConfigureAwait(false) > 0)
                    continue;
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // Whoever does not wait for a goodbye gets none.
        }
        finally
        {
            Dispose();
        }
    }

    private void RecordStart(AdmittedBy by)
    {
        var now = services.Time.GetUtcNow();
        var device = _licensing.Device ?? "";
        services.Store.Offer(db =>
        {
            db.Sessions.Add(new()
            {
                Id = id,
                Device = device,
                HardwareId = _licensing.HardwareId,
                Address = address.ToString(),
                Rule = by.Row,
                GraceDaysLeft = by.GraceDaysLeft,
                Serial = by.Serial,
                Temporary = by.Temporary,
                StartedAt = now,
            });
            return Task.CompletedTask;
        });
    }

    private ValueTask RecordEndAsync(SessionEndReason reason)
    {
        var now = services.Time.GetUtcNow();
        return services.Store.KeepAsync(async db =>
        {
            if (await db.Sessions.FindAsync(id).ConfigureAwait(false) is { } row)
                (row.EndedAt, row.End) = (now, Contracts.Http.KebabCase.Of(reason));
        });
    }

    private async ValueTask RecordRefusalAsync()
    {
        if (_licensing.Refusal is not { } refusal || _licensing.Observed)
            return;
        Log.Refused(services.Logger, id, refusal.Reason, refusal.Row);
        services.Metrics.ConnectionRefused(refusal.Reason);
        await RecordAsync(refusal, observed: false).ConfigureAwait(false);
    }

    // Recorded when the session begins, not when it ends: the report is asked for meanwhile.
    private ValueTask RecordObservedAsync(Refusal refusal)
    {
        Log.Observed(services.Logger, id, refusal.Reason, refusal.Row);
        return RecordAsync(refusal, observed: true);
    }

    private ValueTask RecordAsync(Refusal refusal, bool observed)
    {
        var row = new RefusalRow
        {
            At = services.Time.GetUtcNow(),
            Reason = refusal.Reason,
            Rule = refusal.Row,
            Device = _licensing.Device,
            HardwareId = _licensing.HardwareId,
            UserName = _licensing.UserName,
            Address = address.ToString(),
            Detail = refusal.Detail,
            Fix = refusal.Fix,
            Observed = observed,
        };
        return services.Store.KeepAsync(db =>
        {
            db.Refusals.Add(row);
            return Task.CompletedTask;
        });
    }
}
