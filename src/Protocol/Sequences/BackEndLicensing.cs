namespace Ostiary.Protocol.Sequences;

/// <summary>
/// The client's side of licensing, towards the back end, in the real client's place.
/// xrdp 0.9.21 sends LICENSE_REQUEST and waits for any answer; xrdp 0.10 sends STATUS_VALID_CLIENT with Demand Active right behind it.
/// A back end that sends PLATFORM_CHALLENGE licenses for real, and is refused.
/// </summary>
public sealed class BackEndLicensing
{
    /// <summary>Random bytes that <see cref="BackEndInput.Release"/> needs.</summary>
    public const int RandomLength = 32 + 64;

    /// <returns>What to do, in order; empty if nothing.</returns>
    /// <exception cref="Wire.WireFormatException">The back end's PDU is malformed.</exception>
    /// <exception cref="Wire.ProtocolViolationException">The back end, or the driver, is out of turn.</exception>
    public IReadOnlyList<BackEndOutput> Step(BackEndInput input) => throw new NotSupportedException(input.ToString());
}

/// <summary>What may happen to <see cref="BackEndLicensing"/>.</summary>
public abstract record BackEndInput
{
    private BackEndInput()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>A licensing PDU that <see cref="FrameAction.WithholdBackEnd"/> brought.</summary>
    public sealed record Received(FrameAction.WithholdBackEnd Pdu) : BackEndInput;

    /// <summary>The client is admitted: let the back end go on.</summary>
    /// <param name="Random"><see cref="BackEndLicensing.RandomLength"/> random bytes.</param>
    public sealed record Release(byte[] Random) : BackEndInput;
}

/// <summary>What <see cref="BackEndLicensing"/> wants done.</summary>
public abstract record BackEndOutput
{
    private BackEndOutput()
    {
    }

    /// <summary>Say the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>The back end waits: start the exchange with the client now.</summary>
    public sealed record StartExchange(McsEnvelope ToClient) : BackEndOutput;

    /// <summary>Write one whole frame to the back end.</summary>
    public sealed record Send(byte[] Frame) : BackEndOutput;

    /// <summary>Licensing with the back end is over; step no more.</summary>
    public sealed record Finish(BackEndEnd End) : BackEndOutput;
}

/// <summary>How licensing with the back end ended.</summary>
public enum BackEndEnd
{
    /// <summary>The back end goes on: call <see cref="ConnectionSequence.LicensingEnded"/>, and read it again.</summary>
    Licensed,

    /// <summary>It sent PLATFORM_CHALLENGE or a license: it licenses for itself (<c>back-end-not-supported</c>).</summary>
    NotSupported,

    /// <summary>It sent an error alert.</summary>
    Aborted,
}
