namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.1.1, requestedProtocols, and 2.2.1.2.1, selectedProtocol.</summary>
[Flags]
public enum SecurityProtocols : uint
{
    /// <summary>PROTOCOL_RDP: standard RDP security.</summary>
    Rdp = 0,

    /// <summary>PROTOCOL_SSL: TLS.</summary>
    Ssl = 1,

    /// <summary>PROTOCOL_HYBRID: CredSSP over TLS.</summary>
    Hybrid = 2,

    /// <summary>PROTOCOL_RDSTLS</summary>
    RdsTls = 4,

    /// <summary>PROTOCOL_HYBRID_EX</summary>
    HybridEx = 8,

    /// <summary>PROTOCOL_RDSAAD</summary>
    RdsAad = 16,
}

/// <summary>[MS-RDPBCGR] 2.2.1.1.1, flags of RDP_NEG_REQ.</summary>
[Flags]
public enum NegotiationRequestFlags
{
    None = 0,
    RestrictedAdminModeRequired = 1,
    RedirectedAuthenticationModeRequired = 2,
    CorrelationInfoPresent = 8,
}
