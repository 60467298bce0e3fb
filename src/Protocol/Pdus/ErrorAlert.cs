using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.12.1.3 Licensing Error Message (LICENSE_ERROR_MESSAGE): <c>dwErrorCode (4) | dwStateTransition (4) | error blob</c>.
/// </summary>
/// <param name="ErrorCode">Unknown values are kept.</param>
/// <param name="StateTransition">Unknown values are kept.</param>
/// <param name="ErrorInfo">Empty; xrdp 0.9 puts a junk type there.</param>
public sealed record ErrorAlert(LicensingErrorCode ErrorCode, LicensingStateTransition StateTransition, LicensingBlob ErrorInfo)
    : IPdu<ErrorAlert>, ILicensingMessage
{
    public ErrorAlert(LicensingErrorCode code, LicensingStateTransition transition)
        : this(code, transition, new(LicensingBlobType.Error, []))
    {
    }

    /// <summary>Licensing is over, and well.</summary>
    public static ErrorAlert ValidClient => new(LicensingErrorCode.ValidClient, LicensingStateTransition.NoTransition);

    public LicensingMessageType Type => LicensingMessageType.ErrorAlert;

    public int Size => 4 /* dwErrorCode */ + 4 /* dwStateTransition */ + ErrorInfo.Size;

    /// <summary>A refusal always aborts: FreeRDP takes an error without transition for success.</summary>
    public static ErrorAlert Abort(LicensingErrorCode code) => new(code, LicensingStateTransition.TotalAbort);

    public static ErrorAlert Read(ref WireReader reader) => new(
        (LicensingErrorCode)reader.ReadUInt32LittleEndian("dwErrorCode"),
        (LicensingStateTransition)reader.ReadUInt32LittleEndian("dwStateTransition"),
        LicensingBlob.Read(ref reader, "bbErrorInfo"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian((uint)ErrorCode);
        writer.WriteUInt32LittleEndian((uint)StateTransition);
        ErrorInfo.Write(ref writer);
    }
}
