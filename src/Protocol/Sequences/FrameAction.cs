namespace Ostiary.Protocol.Sequences;

/// <summary>What to do with the one frame that was handed to a <see cref="ConnectionSequence"/>.</summary>
public abstract record FrameAction
{
    private FrameAction()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>Write the frame to the other side, unchanged.</summary>
    public sealed record Relay : FrameAction;

    /// <summary>Write these bytes to the other side instead.</summary>
    public sealed record RelayPatched(byte[] Frame) : FrameAction;

    /// <summary>
    /// The back end confirmed. Write <paramref name="Confirm"/> to the client in clear, then do TLS as server with the client,
    /// and, if the back end is <see cref="BackEndSecurity.Tls"/>, TLS as client with the back end.
    /// </summary>
    public sealed record StartTls(byte[] Confirm) : FrameAction;

    /// <summary>Write <paramref name="Answer"/> to the client in clear, then close both sides.</summary>
    public sealed record Refuse(byte[] Answer, NegotiationRefusal Reason) : FrameAction;

    /// <summary>
    /// Withhold; hand <paramref name="UserData"/> to <see cref="BackEndLicensing"/>. After the first one stop reading the back end
    /// until the exchange with the client has ended.
    /// </summary>
    /// <param name="UserData">MCS user data of the licensing PDU.</param>
    /// <param name="ToClient">Headers for what we send to the client in the back end's place.</param>
    /// <param name="ToBackEnd">Headers for what we send to the back end in the client's place.</param>
    public sealed record WithholdBackEnd(byte[] UserData, McsEnvelope ToClient, McsEnvelope ToBackEnd) : FrameAction;

    /// <summary>Withhold; hand <paramref name="UserData"/> to the <see cref="LicensingExchange"/> as <see cref="ExchangeInput.Received"/>.</summary>
    public sealed record ClientLicensing(byte[] UserData) : FrameAction;
}

/// <summary>Why the X.224 phase ends without a connection.</summary>
public enum NegotiationRefusal
{
    /// <summary>The client offers no TLS (<c>tls-required</c>).</summary>
    TlsRequired,

    /// <summary>The back end did not choose the security that this gateway is set up for.</summary>
    BackEndSecurityUnexpected,
}

/// <summary>How the gateway speaks to its back end.</summary>
public enum BackEndSecurity
{
    /// <summary>In clear (xrdp with security_layer=rdp and crypt_level=none), over a socket nobody else can open.</summary>
    Clear,

    /// <summary>TLS.</summary>
    Tls,
}
