using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>
/// Watches one connection, both directions, from the X.224 Connection Request until licensing has ended, and says what to do with each frame.
/// </summary>
/// <remarks>
/// The driver, whole (I/O in the driver's words):
/// <code>
/// var sequence = new ConnectionSequence(BackEndSecurity.Clear);
/// var backEndLicensing = new BackEndLicensing();
/// LicensingExchange? exchange = null;
///
/// // Step 1: X.224 in clear. Read exactly one frame (Framing.TryReadFrame with sequence.FrameLimit): a TLS ClientHello may follow.
/// if (sequence.FromClient(await client.ReadFrame()) is FrameAction.Refuse refuse) { await client.Write(refuse.Answer); return; }
/// else ... Relay or RelayPatched to the back end
/// switch (sequence.FromServer(await backEnd.ReadFrame()))
/// {
///     case FrameAction.StartTls start: await client.Write(start.Confirm); client = await client.TlsAsServer(); break; // back end too if BackEndSecurity.Tls
///     case FrameAction.Refuse no:      await client.Write(no.Answer); return;
/// }
///
/// // Step 2: until licensing has ended, frame by frame, whichever side has one.
/// while (!sequence.Ended)
/// {
///     var (fromClient, frame) = await NextFrame(readBackEnd: exchange is null || exchangeDone);
///     switch (fromClient ? sequence.FromClient(frame) : sequence.FromServer(frame))
///     {
///         case FrameAction.Relay:                    await Other(fromClient).Write(frame); break;
///         case FrameAction.RelayPatched patched:     await Other(fromClient).Write(patched.Frame); break;
///         case FrameAction.WithholdBackEnd withheld: await ForBackEnd(backEndLicensing.Step(new BackEndInput.Received(withheld))); break;
///         case FrameAction.ClientLicensing licensing: await ForClient(exchange!.Step(new ExchangeInput.Received(licensing.UserData))); break;
///     }
/// }
///
/// // Step 3: until the logon is decided: back end to client by whole frames (Framing alone; McsEnvelope.SetErrorInfo and Disconnect may
/// // be written between two of them), client to back end raw. After that both raw.
///
/// ForBackEnd, for each output:
///     StartExchange(toClient): exchange = new(new(key, product, toClient, sequence.Facts.SupportsErrorInfo));
///                              await ForClient(exchange.Step(new ExchangeInput.Start(new(random)) /* or Waive */));
///     Send(frame):             await backEnd.Write(frame);
///     Finish(Licensed):        sequence.LicensingEnded();
///     Finish(other):           refuse with back-end-not-supported and close.
/// ForClient, for each output:
///     Send(frame, _):          await client.Write(frame);
///     Ask(question):           await ForClient(exchange.Step(new ExchangeInput.Decided(await Decide(question))));
///     Finish, Admitted:        exchangeDone = true; await ForBackEnd(backEndLicensing.Step(new BackEndInput.Release(random)));
///     Finish, not Admitted:    TLS close_notify, wait 300 ms or for the client's end, close both sides.
/// </code>
/// Any <see cref="WireFormatException"/> or <see cref="ProtocolViolationException"/> ends the connection; whose fault it is,
/// the method says that threw it.
/// <para>
/// Invariant: until <see cref="LicensingEnded"/> nothing reaches the back end on the I/O channel but Client Info, and nothing reaches the
/// client on it at all. So a client cannot start a desktop session blindly, and a back end cannot skip licensing.
/// </para>
/// </remarks>
public sealed class ConnectionSequence(BackEndSecurity backEnd)
{
    private State _state = new State.ExpectConnectionRequest(new());

    /// <summary>What was learnt so far.</summary>
    public ConnectionFacts Facts => _state.Facts;

    /// <summary><see cref="LicensingEnded"/> was called: the client's bytes need no framing any more.</summary>
    public bool Ended => _state is State.Ended;

    /// <summary>Longest frame to accept now, for <see cref="Framing"/>, both directions.</summary>
    public int FrameLimit => _state switch
    {
        State.ExpectConnectionRequest or State.ExpectConnectionConfirm => Limits.X224Frame,
        State.Ended => Limits.TpktFrame,
        _ => Limits.FrameBeforeLicensing,
    };

    /// <summary>Name of the state, for a log line.</summary>
    public string StateName => _state.GetType().Name;

    /// <summary>One whole frame from the client.</summary>
    /// <exception cref="WireFormatException">The client's frame is malformed.</exception>
    /// <exception cref="ProtocolViolationException">The client's frame is not allowed now.</exception>
    public FrameAction FromClient(ReadOnlySpan<byte> frame)
    {
        (_state, var action) = NextFromClient(backEnd, _state, frame);
        return action;
    }

    /// <summary>One whole frame from the back end.</summary>
    /// <exception cref="WireFormatException">The back end's frame is malformed.</exception>
    /// <exception cref="ProtocolViolationException">The back end's frame is not allowed now.</exception>
    public FrameAction FromServer(ReadOnlySpan<byte> frame)
    {
        (_state, var action) = NextFromServer(backEnd, _state, frame);
        return action;
    }

    /// <summary>Licensing is over on both sides (<see cref="BackEndEnd.Licensed"/>).</summary>
    /// <exception cref="ProtocolViolationException">Licensing has not begun, or was ended before.</exception>
    public void LicensingEnded() => _state = _state is State.Licensing
        ? new State.Ended(Facts)
        : throw new ProtocolViolationException(StateName, nameof(LicensingEnded));

    private static (State, FrameAction) NextFromClient(BackEndSecurity backEnd, State state, ReadOnlySpan<byte> frame) => state switch
    {
        State.ExpectConnectionRequest => OnConnectionRequest(backEnd, frame),
        State.ExpectConnectInitial => OnConnectInitial(state.Facts, frame),
        State.Joining => ClientFrame.OnJoining(state.Facts, frame) switch
        {
            (var facts, true) => (new State.Licensing(facts), new FrameAction.Relay()),
            (var facts, false) => (new State.Joining(facts), new FrameAction.Relay()),
        },
        State.Licensing => (state, ClientFrame.OnLicensing(state.Facts, frame)),
        State.Ended => (state, new FrameAction.Relay()),
        _ => throw new ProtocolViolationException(state.GetType().Name, "a frame from the client"),
    };

    private static (State, FrameAction) NextFromServer(BackEndSecurity backEnd, State state, ReadOnlySpan<byte> frame) => state switch
    {
        State.ExpectConnectionConfirm => OnConnectionConfirm(backEnd, state.Facts, frame),
        State.ExpectConnectResponse => OnConnectResponse(state.Facts, frame),
        State.Joining => (new State.Joining(ServerFrame.OnJoining(state.Facts, frame)), new FrameAction.Relay()),
        State.Licensing => (state, ServerFrame.OnLicensing(state.Facts, frame)),
        State.Ended => (state, new FrameAction.Relay()),
        _ => throw new ProtocolViolationException(state.GetType().Name, "a frame from the back end"),
    };

    private static (State, FrameAction) OnConnectionRequest(BackEndSecurity backEnd, ReadOnlySpan<byte> frame)
    {
        var request = DataFrame.Negotiation<ConnectionRequest>(frame);
        var facts = new ConnectionFacts
        {
            Cookie = request.Cookie,
            RequestedProtocols = request.Negotiation?.RequestedProtocols ?? SecurityProtocols.Rdp,
            NegotiationFlags = request.Negotiation?.Flags ?? NegotiationRequestFlags.None,
        };
        if (!facts.RequestedProtocols.HasFlag(SecurityProtocols.Ssl))
            return Refuse(facts, NegotiationFailureCode.SslRequiredByServer, NegotiationRefusal.TlsRequired);

        // A clear back end (xrdp) chooses RDP security whatever is asked. Another must not be led to choose CredSSP, which nobody here speaks.
        return backEnd == BackEndSecurity.Clear || facts.RequestedProtocols == SecurityProtocols.Ssl
            ? (new State.ExpectConnectionConfirm(facts), new FrameAction.Relay())
            : (new State.ExpectConnectionConfirm(facts), new FrameAction.RelayPatched(McsEnvelope.Negotiation(
                request with { Negotiation = request.Negotiation! with { RequestedProtocols = SecurityProtocols.Ssl } })));
    }

    private static (State, FrameAction) OnConnectionConfirm(BackEndSecurity backEnd, ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var confirm = DataFrame.Negotiation<ConnectionConfirm>(frame);
        var expected = backEnd == BackEndSecurity.Tls ? SecurityProtocols.Ssl : SecurityProtocols.Rdp;
        if (confirm.Result is not ConnectionConfirm.Negotiation.Response response || response.SelectedProtocol != expected)
            return Refuse(facts, NegotiationFailureCode.SslNotAllowedByServer, NegotiationRefusal.BackEndSecurityUnexpected);

        var answer = frame.ToArray();
        answer[SelectedProtocolOffset] = (byte)SecurityProtocols.Ssl;
        return (new State.ExpectConnectInitial(facts), new FrameAction.StartTls(answer));
    }

    // TPKT (4), length indicator, code, references, class (7), type, flags, length of the negotiation response (4).
    private const int SelectedProtocolOffset = 15;

    private static (State, FrameAction) OnConnectInitial(ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var initial = Pdu.Decode<McsConnectInitial>(DataFrame.Open(frame));
        var core = initial.Core ?? throw new WireFormatException("CS_CORE", 0, "missing");
        var network = initial.Network;
        return (
            new State.ExpectConnectResponse(facts with
            {
                ClientName = core.ClientName,
                ClientBuild = core.ClientBuild,
                ClientDigProductId = core.ClientDigProductId,
                EarlyCapabilities = core.EarlyCapabilityFlags ?? EarlyCapabilityFlags.None,
                AsksForAdministrativeSession = initial.Cluster?.AsksForAdministrativeSession ?? false,
                StaticChannels = network is null ? [] : [.. network.Channels.Select(channel => channel.Name)],
            }),
            new FrameAction.Relay());
    }

    private static (State, FrameAction) OnConnectResponse(ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var bytes = DataFrame.Open(frame);
        var response = Pdu.Decode<McsConnectResponse>(bytes);
        if (response.Result != 0)
            throw new ProtocolViolationException(nameof(State.ExpectConnectResponse), $"Connect Response with result {response.Result}");
        if (response.Security is { EncryptionMethod: not 0 })
            throw new ProtocolViolationException(nameof(State.ExpectConnectResponse), "standard RDP security");
        var network = response.Network ?? throw new WireFormatException("SC_NET", 0, "missing");
        var joining = new State.Joining(facts with
        {
            IoChannelId = network.IoChannelId,
            MessageChannelId = response.MessageChannel?.ChannelId,
        });

        if (response.Core?.ClientRequestedProtocols is not { } echoed || echoed == facts.RequestedProtocols)
            return (joining, new FrameAction.Relay());
        var patched = frame.ToArray();
        McsConnectResponse.PatchRequestedProtocols(patched.AsSpan(frame.Length - bytes.Length), facts.RequestedProtocols);
        return (joining, new FrameAction.RelayPatched(patched));
    }

    private static (State, FrameAction) Refuse(ConnectionFacts facts, NegotiationFailureCode code, NegotiationRefusal reason) =>
        (new State.Refused(facts), new FrameAction.Refuse(
            McsEnvelope.Negotiation(new ConnectionConfirm(new ConnectionConfirm.Negotiation.Failure(code))), reason));

    private abstract record State(ConnectionFacts Facts)
    {
        internal sealed record ExpectConnectionRequest(ConnectionFacts Facts) : State(Facts);

        internal sealed record ExpectConnectionConfirm(ConnectionFacts Facts) : State(Facts);

        internal sealed record Refused(ConnectionFacts Facts) : State(Facts);

        internal sealed record ExpectConnectInitial(ConnectionFacts Facts) : State(Facts);

        internal sealed record ExpectConnectResponse(ConnectionFacts Facts) : State(Facts);

        /// <summary>From the Connect Response to Client Info: domain, user, channels.</summary>
        internal sealed record Joining(ConnectionFacts Facts) : State(Facts);

        /// <summary>From Client Info to <see cref="LicensingEnded"/>.</summary>
        internal sealed record Licensing(ConnectionFacts Facts) : State(Facts);

        internal sealed record Ended(ConnectionFacts Facts) : State(Facts);
    }
}
