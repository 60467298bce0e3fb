using Ostiary.Protocol.Pdus;

namespace Ostiary.Protocol.Tests.Clients;

/// <summary>What a scripted RDP client says about itself. The defaults are an ordinary client with TLS.</summary>
public sealed record RdpClientOptions
{
    /// <summary>Names, store and habits of the licensing part; user and machine name are used for the whole connection.</summary>
    public LicensingClientOptions Licensing { get; init; } = new();

    /// <summary><c>null</c>: no RDP_NEG_REQ at all, as <c>xfreerdp /sec:rdp</c>.</summary>
    public SecurityProtocols? RequestedProtocols { get; init; } = SecurityProtocols.Ssl | SecurityProtocols.Hybrid;

    public string Domain { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>Advertise SUPPORT_ERRINFO_PDU: FreeRDP 2, rdesktop and mstsc do, FreeRDP 3 does not.</summary>
    public bool SupportsErrorInfo { get; init; } = true;

    /// <summary>As <c>/admin</c>.</summary>
    public bool Administrative { get; init; }

    /// <summary>Static virtual channels, at most 7 characters each.</summary>
    public IReadOnlyList<string> Channels { get; init; } = ["rdpdr", "rdpsnd", "cliprdr"];
}
