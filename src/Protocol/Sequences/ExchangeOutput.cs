using Ostiary.Protocol.Pdus;

namespace Ostiary.Protocol.Sequences;

/// <summary>What a <see cref="LicensingExchange"/> wants done, in this order.</summary>
public abstract record ExchangeOutput
{
    private ExchangeOutput()
    {
    }

    /// <summary>Write these bytes to the client: one whole frame with TPKT, X.224 and MCS headers.</summary>
    /// <param name="Frame">The bytes.</param>
    /// <param name="What">What they are, for a log line.</param>
    public sealed record Send(byte[] Frame, string What) : ExchangeOutput;

    /// <summary>Decide, then step with <see cref="ExchangeInput.Decided"/>. Until then nothing from the client is allowed.</summary>
    public sealed record Ask(LicenseQuestion Question) : ExchangeOutput;

    /// <summary>The exchange is over; step no more.</summary>
    /// <param name="End">How it ended.</param>
    /// <param name="ClientError">The code that the client sent, if <paramref name="End"/> is <see cref="ExchangeEnd.ClientAborted"/>.</param>
    public sealed record Finish(ExchangeEnd End, LicensingErrorCode? ClientError = null) : ExchangeOutput
    {
        /// <summary>May the connection go on? If not, close it after what was sent.</summary>
        public bool Admitted => End is ExchangeEnd.ValidClient or ExchangeEnd.NewLicense or ExchangeEnd.UpgradeLicense;
    }
}

/// <summary>How a licensing exchange ended.</summary>
public enum ExchangeEnd
{
    /// <summary>Admitted; the client stores nothing.</summary>
    ValidClient,

    /// <summary>Admitted; a license was sent to a client that had presented none. That it was sent does not prove that it was stored.</summary>
    NewLicense,

    /// <summary>Admitted; a license was sent to a client that had presented another one.</summary>
    UpgradeLicense,

    /// <summary>The driver decided so.</summary>
    Refused,

    /// <summary>The client sent an error alert.</summary>
    ClientAborted,

    /// <summary>The client's MAC is wrong (alert ERR_INVALID_MAC was sent).</summary>
    BadMac,

    /// <summary>The client's message cannot be read, or its premaster secret is garbage (alert ERR_INVALID_CLIENT was sent).</summary>
    Malformed,

    /// <summary>The client sent a licensing message out of turn (alert ERR_INVALID_CLIENT was sent).</summary>
    UnexpectedMessage,

    /// <summary>The response is not to our challenge (alert ERR_INVALID_CLIENT was sent).</summary>
    WrongChallenge,

    /// <summary>The hardware id of the challenge response is not the one that came with the license (alert ERR_INVALID_CLIENT was sent).</summary>
    WrongHardwareId,
}
