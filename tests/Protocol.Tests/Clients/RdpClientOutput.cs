namespace Ostiary.Protocol.Tests.Clients;

/// <summary>What a <see cref="RdpClientScript"/> wants done, in this order.</summary>
public abstract record RdpClientOutput
{
    private RdpClientOutput()
    {
    }

    /// <summary>Write these bytes to the server.</summary>
    public sealed record Send(byte[] Frame) : RdpClientOutput;

    /// <summary>Do TLS as client before anything else is written or read. Whether to check the certificate is the driver's matter.</summary>
    public sealed record StartTls : RdpClientOutput;

    /// <summary>The script is over.</summary>
    public sealed record Finish(RdpClientEnd End) : RdpClientOutput;
}

/// <summary>How far a scripted client got.</summary>
public enum RdpClientEnd
{
    /// <summary>Demand Active came: licensed, and the desktop would follow.</summary>
    DemandActive,

    /// <summary>The server chose no TLS, see <see cref="RdpClientScript.NegotiationFailure"/>.</summary>
    NotNegotiated,

    /// <summary>Licensing was refused, see <see cref="LicensingClientScript.Alert"/> and <see cref="RdpClientScript.ErrorInfo"/>.</summary>
    LicenseRefused,

    /// <summary>MCS Disconnect Provider Ultimatum before any of these.</summary>
    Disconnected,
}
