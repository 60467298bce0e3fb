namespace Ostiary.Protocol.Sequences;

/// <summary>What may happen to a <see cref="LicensingExchange"/>.</summary>
public abstract record ExchangeInput
{
    private ExchangeInput()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>Begin: the client gets a LICENSE_REQUEST.</summary>
    public sealed record Start(ExchangeRandom Random) : ExchangeInput;

    /// <summary>Instead of <see cref="Start"/>: tell the client at once that it is valid, whatever it holds. Nothing is asked or checked.</summary>
    public sealed record Waive : ExchangeInput;

    /// <summary>The client's MCS user data of one licensing PDU, as <see cref="FrameAction.ClientLicensing"/> brought it.</summary>
    public sealed record Received(byte[] UserData) : ExchangeInput;

    /// <summary>The answer to the last <see cref="ExchangeOutput.Ask"/>.</summary>
    public sealed record Decided(LicenseDecision Decision) : ExchangeInput;
}
