using System.Buffers.Binary;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// One licensing PDU: the MCS user data of a SendData on the I/O channel.
/// <code>flags (2) | flagsHi (2) | bMsgType | flags | wMsgSize (2) | body</code>
/// </summary>
/// <param name="Security">Under TLS the only content of the basic header that matters is <see cref="SecurityFlags.LicensePacket"/>.</param>
/// <param name="PreambleFlags">See <see cref="LicensingPreamble.Flags"/>.</param>
/// <param name="Message">The body.</param>
public sealed record LicensingPdu(SecurityHeader Security, byte PreambleFlags, ILicensingMessage Message) : IPdu<LicensingPdu>
{
    private const SecurityFlags Allowed = SecurityFlags.LicensePacket | SecurityFlags.LicenseEncryptClientToServer;

    /// <summary>A PDU as a server sends it, and a client without extended errors.</summary>
    public LicensingPdu(ILicensingMessage message)
        : this(new(SecurityFlags.LicensePacket), LicensingPreamble.Version3, message)
    {
    }

    public int Size => SecurityHeader.Length + LicensingPreamble.Length + Message.Size;

    /// <summary>
    /// Tells a licensing PDU from anything else on the I/O channel. The flag alone does not: a Demand Active begins with its length, which
    /// may have the same bit set. So all of: only licensing flags, a known message type, and a size that fits to the byte.
    /// Ask only until licensing has ended, and only about the I/O channel.
    /// </summary>
    public static bool IsLicensing(ReadOnlySpan<byte> userData)
    {
        if (userData.Length < SecurityHeader.Length + LicensingPreamble.Length)
            return false;
        var flags = (SecurityFlags)BinaryPrimitives.ReadUInt16LittleEndian(userData);
        var type = (LicensingMessageType)userData[SecurityHeader.Length];
        var size = BinaryPrimitives.ReadUInt16LittleEndian(userData[(SecurityHeader.Length + 2)..]);
        return (flags & ~Allowed) == 0 && flags.HasFlag(SecurityFlags.LicensePacket)
            && Enum.IsDefined(type)
            && size == userData.Length - SecurityHeader.Length;
    }

    /// <exception cref="WireFormatException">Not a licensing PDU, or its body is malformed.</exception>
    public static LicensingPdu Read(ref WireReader reader)
    {
        var security = SecurityHeader.Read(ref reader);
        if ((security.Flags & ~Allowed) != 0 || !security.Flags.HasFlag(SecurityFlags.LicensePacket))
            throw reader.Malformed("flags", "not SEC_LICENSE_PKT", SecurityHeader.Length);
        var preamble = LicensingPreamble.Read(ref reader);
        if (preamble.MessageSize < LicensingPreamble.Length)
            throw reader.Malformed("wMsgSize", $"{preamble.MessageSize} is less than {LicensingPreamble.Length}", 2);
        var body = reader.Slice(preamble.MessageSize - LicensingPreamble.Length, "licensing message");
        ILicensingMessage message = preamble.Type switch
        {
            LicensingMessageType.LicenseRequest => LicenseRequest.Read(ref body),
            LicensingMessageType.PlatformChallenge => PlatformChallenge.Read(ref body),
            LicensingMessageType.NewLicense => NewLicense.Read(ref body),
            LicensingMessageType.UpgradeLicense => UpgradeLicense.Read(ref body),
            LicensingMessageType.LicenseInfo => LicenseInfo.Read(ref body),
            LicensingMessageType.NewLicenseRequest => NewLicenseRequest.Read(ref body),
            LicensingMessageType.PlatformChallengeResponse => PlatformChallengeResponse.Read(ref body),
            LicensingMessageType.ErrorAlert => ErrorAlert.Read(ref body),
            _ => throw body.Malformed("bMsgType", "unknown", LicensingPreamble.Length),
        };
        body.ExpectEnd("licensing message");
        return new(security, preamble.Flags, message);
    }

    public void Write(ref WireWriter writer)
    {
        Security.Write(ref writer);
        new LicensingPreamble(Message.Type, PreambleFlags, checked((ushort)(LicensingPreamble.Length + Message.Size))).Write(ref writer);
        Message.Write(ref writer);
    }

    /// <summary>Names the message, not its content.</summary>
    public override string ToString() => $"{nameof(LicensingPdu)} {Message.Type}";
}
