using Ostiary.Contracts.Certificates;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Licensing;

/// <summary>What speaks for a device: the CAL that it presents, or the one that the host keeps for it.</summary>
/// <param name="Store">What is in the client's store.</param>
/// <param name="Quality">How good the CAL is.</param>
/// <param name="Stored">Its stored form, for the license server; null where there is none or it proves nothing.</param>
/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="Temporary">Whether it is a temporary one.</param>
/// <param name="LicenseServer">Who issued it.</param>
/// <param name="PackId">The key pack that its seat is from; null for a temporary one.</param>
internal sealed record HeldCal(ClientStore Store, CalQuality Quality, byte[]? Stored, string? Serial, bool Temporary, KeyFingerprint? LicenseServer, Guid? PackId = null)
{
    public static HeldCal Nothing { get; } = new(ClientStore.None, CalQuality.None, null, null, false, null);

    public static HeldCal SomebodyElses { get; } = Nothing with { Store = ClientStore.Foreign };

    /// <summary>For a log line: no names, eight digits of the serial.</summary>
    public string Description => (Store, Serial) switch
    {
        (ClientStore.Foreign, null) => "a license of somebody else",
        (ClientStore.Foreign, { } kept) => $"a license of somebody else; the host keeps {Kind(Temporary)} {Short(kept)} for it",
        (_, { } serial) => $"{Kind(Temporary)} {Short(serial)}",
        _ => "nothing",
    };

    public static string Kind(bool temporary) => temporary ? "temporary CAL" : "permanent CAL";

    /// <summary>The last eight digits of a serial, which are random where the first are its time: enough to follow a CAL in a log.</summary>
    public static string Short(string serial) => serial[^Math.Min(8, serial.Length)..];
}
