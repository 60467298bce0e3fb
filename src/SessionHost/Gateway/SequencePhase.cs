using System.Net.Sockets;
using System.Security.Cryptography;
using Ostiary.Protocol.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Gateway;

/// <summary>What all connections share for licensing.</summary>
/// <param name="Key">To which clients encrypt their premaster secret.</param>
/// <param name="Product">What clients find their stored license by.</param>
internal sealed record LicensingIdentity(LicensingServerKey Key, LicensedProduct Product);

/// <summary>
/// From the client's Connect Initial to the end of licensing: the one driver of the three state machines of Protocol. The back end is
/// connected when the client has proven that it speaks RDP, and not before.
/// </summary>
internal sealed class SequencePhase(
    ConnectionSequence sequence,
    byte[] connectionRequest,
    Peer client,
    BackEndConnector connector,
    LicensingIdentity identity,
    DeviceLicensing licensing,
    Deadline deadline,
    SessionHostOptions options,
    GatewayMetrics metrics,
    TimeProvider time) : IDisposable
{
    private readonly BackEndLicensing _backEndLicensing = new();
    private LicensingExchange? _exchange;
    private McsEnvelope? _toClient;
    private bool _exchangeDone;
    private TimeSpan _waitedForClient;
    private Peer? _backEnd;

    /// <summary>The back end, once connected.</summary>
    public Peer BackEnd => _backEnd ?? throw new InvalidOperationException("the back end is not connected yet");

    public Socket BackEndSocket { get; private set; } = null!;

    /// <summary>The stream under TLS; null for a back end in clear.</summary>
    public SocketStream? BackEndTlsSocket { get; private set; }

    /// <summary>Returns when the connection is licensed on both sides.</summary>
    /// <exception cref="SessionEndedException">It is not; the client has been told what it understands.</exception>
    public async Task RunAsync()
    {
        var connectInitial = (await client.ReadFrameAsync(sequence.FrameLimit).ConfigureAwait(false)).ToArray();
        var action = Understand(client, () => sequence.FromClient(connectInitial));
        var opening = time.GetTimestamp();
        await ConnectBackEndAsync().ConfigureAwait(false);
        metrics.BackEndOpened(time.GetElapsedTime(opening));
        await ActAsync(client, connectInitial, action).ConfigureAwait(false);
        while (!sequence.Ended)
            await ActOnNextFrameAsync().ConfigureAwait(false);
    }

    /// <summary>Lets the client go between two frames of the back end: it ends instead of connecting again by itself.</summary>
    public async Task SayGoodbyeAsync(ErrorInfoCode? code = null)
    {
        if (code is { } text && _toClient is { } envelope && sequence.Facts.SupportsErrorInfo)
            await client.WriteLastAsync(envelope.SetErrorInfo(text)).ConfigureAwait(false);
        await client.WriteLastAsync(McsEnvelope.Disconnect()).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _backEnd?.Dispose();
        _backEnd?.Stream.Dispose();
        BackEndSocket?.Dispose();
    }

    // The client has its Connection Confirm already, made as this back end makes it; now the back end's own must say the same.
    private async Task ConnectBackEndAsync()
    {
        BackEndSocket = await connector.ConnectAsync(deadline.Token).ConfigureAwait(false);
        var socket = new SocketStream(BackEndSocket);
        var plain = new Peer(socket, PeerReasons.BackEnd, deadline.Token);
        _backEnd = plain;
        await plain.WriteAsync(connectionRequest).ConfigureAwait(false);
        var confirm = await plain.ReadExactFrameAsync(Limits.X224Frame).ConfigureAwait(false);
        if (!NegotiationAnswer.IsExpected(confirm, connector.Security))
        {
            licensing.RefuseOutside(Refusal.BackEndSecurity(connector.Name));
            throw new SessionEndedException(SessionEndReason.BackEndNotSupported);
        }

        if (connector.Security != BackEndSecurity.Tls)
            return;
        var tls = await connector.SecureAsync(socket, deadline.Token).ConfigureAwait(false);
        BackEndTlsSocket = socket;
        _backEnd = new Peer(tls, PeerReasons.BackEnd, deadline.Token);
    }

    // The back end is not read while the client is being licensed: what it sends waits in its socket.
    private async Task ActOnNextFrameAsync()
    {
        var readBackEnd = _exchange is null || _exchangeDone;
        if (client.TryTakeFrame(sequence.FrameLimit, out var frame))
            await ActAsync(client, frame, Understand(client, () => sequence.FromClient(frame.Span))).ConfigureAwait(false);
        else if (readBackEnd && BackEnd.TryTakeFrame(sequence.FrameLimit, out frame))
            await ActAsync(BackEnd, frame, Understand(BackEnd, () => sequence.FromServer(frame.Span))).ConfigureAwait(false);
        else if (readBackEnd)
            await Task.WhenAny(client.ReadAsync(), BackEnd.ReadAsync()).ConfigureAwait(false);
        else
            await WaitForClientAsync().ConfigureAwait(false);

        await client.CompleteAsync().ConfigureAwait(false);
        if (readBackEnd)
            await BackEnd.CompleteAsync().ConfigureAwait(false);
    }

    private async Task WaitForClientAsync()
    {
        var began = time.GetTimestamp();
        await client.ReadAsync().ConfigureAwait(false);
        _waitedForClient += time.GetElapsedTime(began);
    }

    private async Task ActAsync(Peer from, ReadOnlyMemory<byte> frame, FrameAction action)
    {
        var other = from == client ? BackEnd : client;
        switch (action)
        {
            case FrameAction.Relay:
                await other.WriteAsync(frame).ConfigureAwait(false);
                break;
            case FrameAction.RelayPatched patched:
                await other.WriteAsync(patched.Frame).ConfigureAwait(false);
                break;
            case FrameAction.WithholdBackEnd withheld:
                await ForBackEndAsync(Understand(BackEnd, () => _backEndLicensing.Step(new BackEndInput.Received(withheld)))).ConfigureAwait(false);
                break;
            case FrameAction.ClientLicensing message when _exchange is { } exchange && !_exchangeDone:
                await ForClientAsync(exchange, exchange.Step(new ExchangeInput.Received(message.UserData))).ConfigureAwait(false);
                break;
            default:
                throw new SessionEndedException(from.Reasons.Fault);
        }
    }

    private async Task ForBackEndAsync(IReadOnlyList<BackEndOutput> outputs)
    {
        foreach (var output in outputs)
            switch (output)
            {
                case BackEndOutput.StartExchange start:
                    deadline.Enter(SessionEndReason.LicensingTimeout, options.LicensingTime);
                    licensing.Begin(sequence.Facts);
                    _toClient = start.ToClient;
                    _exchange = new(new(identity.Key, identity.Product, start.ToClient, sequence.Facts.SupportsErrorInfo));
                    var random = new ExchangeRandom(RandomNumberGenerator.GetBytes(ExchangeRandom.Length));
                    await ForClientAsync(_exchange, _exchange.Step(new ExchangeInput.Start(random))).ConfigureAwait(false);
                    break;
                case BackEndOutput.Send send:
                    await BackEnd.WriteAsync(send.Frame).ConfigureAwait(false);
                    break;
                case BackEndOutput.Finish { End: BackEndEnd.Licensed }:
                    sequence.LicensingEnded();
                    break;
                case BackEndOutput.Finish:
                    licensing.RefuseOutside(Refusal.BackEndLicenses);
                    await SayGoodbyeAsync(ErrorInfoCode.LicenseInternal).ConfigureAwait(false);
                    throw new SessionEndedException(SessionEndReason.BackEndNotSupported);
            }
    }

    private async Task ForClientAsync(LicensingExchange exchange, IReadOnlyList<ExchangeOutput> outputs)
    {
        foreach (var output in outputs)
            switch (output)
            {
                case ExchangeOutput.Send send:
                    await client.WriteAsync(send.Frame).ConfigureAwait(false);
                    break;
                case ExchangeOutput.Ask ask:
                    var decision = await licensing.DecideAsync(ask.Question, deadline.Token).ConfigureAwait(false);
                    await ForClientAsync(exchange, exchange.Step(new ExchangeInput.Decided(decision))).ConfigureAwait(false);
                    break;
                case ExchangeOutput.Finish { Admitted: true } finish:
                    _exchangeDone = true;
                    licensing.Admitted(finish.End);
                    metrics.ClientAnswered(_waitedForClient);
                    var random = RandomNumberGenerator.GetBytes(BackEndLicensing.RandomLength);
                    await ForBackEndAsync(_backEndLicensing.Step(new BackEndInput.Release(random))).ConfigureAwait(false);
                    break;
                case ExchangeOutput.Finish finish:
                    throw new SessionEndedException(finish.End switch
                    {
                        ExchangeEnd.Refused => SessionEndReason.Refused,
                        ExchangeEnd.ClientAborted => SessionEndReason.ClientAborted,
                        _ => SessionEndReason.ClientFault,
                    });
            }
    }

    // What a state machine cannot take is the fault of the peer whose bytes it was given.
    private static T Understand<T>(Peer from, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception fault) when (fault is WireFormatException or ProtocolViolationException)
        {
            throw new SessionEndedException(from.Reasons.Fault, fault);
        }
    }
}
