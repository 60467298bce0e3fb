namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.12.1.3, dwErrorCode of LICENSE_ERROR_MESSAGE, in the specification's words.</summary>
public enum LicensingErrorCode : uint
{
    /// <summary>ERR_INVALID_SERVER_CERTIFICATE, client to server only.</summary>
    InvalidServerCertificate = 0x01,

    /// <summary>ERR_NO_LICENSE, client to server only.</summary>
    NoLicense = 0x02,

    /// <summary>ERR_INVALID_MAC, both directions.</summary>
    InvalidMac = 0x03,

    /// <summary>ERR_INVALID_SCOPE</summary>
    InvalidScope = 0x04,

    /// <summary>ERR_NO_LICENSE_SERVER, server to client.</summary>
    NoLicenseServer = 0x06,

    /// <summary>STATUS_VALID_CLIENT, server to client: licensing is over, and well.</summary>
    ValidClient = 0x07,

    /// <summary>ERR_INVALID_CLIENT, server to client.</summary>
    InvalidClient = 0x08,

    /// <summary>ERR_INVALID_PRODUCTID</summary>
    InvalidProductId = 0x0B,

    /// <summary>ERR_INVALID_MESSAGE_LEN</summary>
    InvalidMessageLength = 0x0C,
}

/// <summary>[MS-RDPBCGR] 2.2.1.12.1.3, dwStateTransition.</summary>
public enum LicensingStateTransition : uint
{
    /// <summary>ST_TOTAL_ABORT</summary>
    TotalAbort = 1,

    /// <summary>ST_NO_TRANSITION</summary>
    NoTransition = 2,

    /// <summary>ST_RESET_PHASE_TO_START: never sent; a client answers with the same license again.</summary>
    ResetPhaseToStart = 3,

    /// <summary>ST_RESEND_LAST_MESSAGE</summary>
    ResendLastMessage = 4,
}
