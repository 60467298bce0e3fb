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
/// Any <see cref="Wire.WireFormatException"/> or <see cref="Wire.ProtocolViolationException"/> ends the connection; whose fault it is,
/// the method says that threw it.
/// <para>
/// Invariant: until <see cref="LicensingEnded"/> nothing reaches the back end on the I/O channel but Client Info, and nothing reaches the
/// client on it at all. So a client cannot start a desktop session blindly, and a back end cannot skip licensing.
/// </para>
/// </remarks>
public sealed class ConnectionSequence(BackEndSecurity backEnd)
{
    /// <summary>What was learnt so far.</summary>
    public ConnectionFacts Facts { get; } = new();

    /// <summary><see cref="LicensingEnded"/> was called: the client's bytes need no framing any more.</summary>
    public bool Ended => throw new NotSupportedException(backEnd.ToString());

    /// <summary>Longest frame to accept now, for <see cref="Wire.Framing"/>, both directions.</summary>
    public int FrameLimit => throw new NotSupportedException();

    /// <summary>Name of the state, for a log line.</summary>
    public string StateName => throw new NotSupportedException();

    /// <summary>One whole frame from the client.</summary>
    /// <exception cref="Wire.WireFormatException">The client's frame is malformed.</exception>
    /// <exception cref="Wire.ProtocolViolationException">The client's frame is not allowed now.</exception>
    public FrameAction FromClient(ReadOnlySpan<byte> frame) => throw new NotSupportedException();

    /// <summary>One whole frame from the back end.</summary>
    /// <exception cref="Wire.WireFormatException">The back end's frame is malformed.</exception>
    /// <exception cref="Wire.ProtocolViolationException">The back end's frame is not allowed now.</exception>
    public FrameAction FromServer(ReadOnlySpan<byte> frame) => throw new NotSupportedException();

    /// <summary>Licensing is over on both sides (<see cref="BackEndEnd.Licensed"/>).</summary>
    public void LicensingEnded() => throw new NotSupportedException();
}
