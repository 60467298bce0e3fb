using Ostiary.Protocol.Cryptography;

namespace Ostiary.Protocol.Sequences;

/// <summary>What a <see cref="LicensingExchange"/> needs to know about its connection.</summary>
/// <param name="Key">Shared by all connections.</param>
/// <param name="Product">The same for all connections.</param>
/// <param name="Envelope">From <see cref="FrameAction.WithholdBackEnd.ToClient"/>.</param>
/// <param name="ClientSupportsErrorInfo">From <see cref="ConnectionFacts.SupportsErrorInfo"/>.</param>
public sealed record ExchangeSettings(
    LicensingServerKey Key,
    LicensedProduct Product,
    McsEnvelope Envelope,
    bool ClientSupportsErrorInfo);

/// <summary>
/// [MS-RDPELE] 3.2, the server's side of licensing, towards one client. No I/O, clock or randomness: one input in, outputs out.
/// </summary>
public sealed class LicensingExchange(ExchangeSettings settings)
{
    /// <returns>What to do, in order; empty if nothing.</returns>
    /// <exception cref="Wire.ProtocolViolationException">The driver stepped out of turn. The client's own faults end in <see cref="ExchangeOutput.Finish"/>.</exception>
    public IReadOnlyList<ExchangeOutput> Step(ExchangeInput input) => throw new NotSupportedException(settings.ToString());
}
