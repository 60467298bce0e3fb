using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>The body of a licensing PDU: what follows the preamble.</summary>
public interface ILicensingMessage
{
    LicensingMessageType Type { get; }

    /// <summary>Length of the body in bytes.</summary>
    int Size { get; }

    void Write(ref WireWriter writer);
}
