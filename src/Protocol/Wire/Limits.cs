namespace Ostiary.Protocol.Wire;

/// <summary>Every limit on what a peer may declare, checked before anything is allocated. All in bytes unless named otherwise.</summary>
public static class Limits
{
    /// <summary>TPKT's length field has 16 bits.</summary>
    public const int TpktFrame = 0xFFFF;

    /// <summary>A fast-path length has 15 bits.</summary>
    public const int FastPathFrame = 0x7FFF;

    /// <summary>X.224 Connection Request or Confirm: TPKT header, length indicator, and what one length indicator can count (0xFF is reserved).</summary>
    public const int X224Frame = 4 + 1 + 0xFE;

    /// <summary>The length of MCS user data is 14 bits in the form that RDP uses.</summary>
    public const int McsUserData = 0x3FFF;

    /// <summary>The longest frame in either direction until licensing has ended: TPKT, X.224 Data, MCS header, and the user data.</summary>
    public const int FrameBeforeLicensing = 4 + 3 + 8 + McsUserData;

    /// <summary>MCS domain parameters and selectors of a Connect Initial.</summary>
    public const int McsConnectField = 64;

    /// <summary>[MS-RDPBCGR] 2.2.1.3.4: static virtual channels (a count, not bytes).</summary>
    public const int StaticChannels = 31;

    /// <summary>One string of the Client Info PDU without its terminator; [MS-RDPBCGR] 2.2.1.11.1.1 says 512 with it.</summary>
    public const int ClientInfoString = 512;

    /// <summary>A blob of licensing data other than a stored license: names, random, keys, platform challenge.</summary>
    public const int LicensingBlob = 8192;

    /// <summary>A license that a client presents: it came in one PDU, so it cannot be longer than one.</summary>
    public const int PresentedLicense = McsUserData;

    /// <summary>A license that we give out: 15500 is proven to fit one PDU with the headers and names around it.</summary>
    public const int IssuedLicense = 15500;

    /// <summary>Company name or product id of PRODUCT_INFO, with terminator.</summary>
    public const int ProductInfoString = 512;

    /// <summary>Scopes of a license request (a count, not bytes).</summary>
    public const int Scopes = 16;

    /// <summary>One scope, ANSI, with terminator.</summary>
    public const int Scope = 512;

    /// <summary>Modulus of a licensing key: 8192 bits.</summary>
    public const int RsaModulus = 1024;

    /// <summary>Certificates of an X.509 chain (a count, not bytes).</summary>
    public const int ChainCertificates = 16;

    /// <summary>One certificate of an X.509 chain.</summary>
    public const int ChainCertificate = 8192;
}
