namespace Ostiary.SessionHost;

/// <summary>Why a client's connection ended. The kebab-case name is the tag on the metric and the text in <c>sessions list</c>.</summary>
public enum SessionEndReason
{
    /// <summary>The client closed, as a person who is done does.</summary>
    ClientClosed,

    /// <summary>The back end closed: logged off, or its own limit.</summary>
    BackEndClosed,

    /// <summary>The client's connection broke.</summary>
    ClientLost,

    /// <summary>The back end's connection broke.</summary>
    BackEndLost,

    /// <summary>A rule refused; the refusal is recorded.</summary>
    Refused,

    /// <summary>The client offers no TLS; the refusal is recorded.</summary>
    TlsRequired,

    /// <summary>The TLS handshake failed.</summary>
    TlsFailed,

    /// <summary>X.224 or TLS took too long.</summary>
    HandshakeTimeout,

    /// <summary>The connection sequence took too long.</summary>
    SequenceTimeout,

    /// <summary>The licensing exchange took too long.</summary>
    LicensingTimeout,

    /// <summary>The client sent what cannot be RDP, or what is not allowed at that point.</summary>
    ClientFault,

    /// <summary>The client ended the licensing exchange with an error of its own.</summary>
    ClientAborted,

    /// <summary>The back end cannot be reached.</summary>
    BackEndUnavailable,

    /// <summary>The back end sent what cannot be RDP, or what is not allowed at that point.</summary>
    BackEndFault,

    /// <summary>The back end licenses for itself, or did not choose the security that was configured; the refusal is recorded.</summary>
    BackEndNotSupported,

    /// <summary>Too many connections, in all or from this address, and none of them could be dropped for it.</summary>
    TooManyConnections,

    /// <summary>Dropped before its TLS handshake was done, to make room for a newer connection.</summary>
    Displaced,

    /// <summary>The same administrator has logged on over another connection, and its administrative session takes this one's slot.</summary>
    TakenOver,

    /// <summary>The role stopped.</summary>
    HostStopping,

    /// <summary>Our own mistake; it is in the log.</summary>
    InternalError,
}
