using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>
/// The client's side of licensing, towards the back end, in the real client's place.
/// xrdp 0.9.21 sends LICENSE_REQUEST and waits for any answer; xrdp 0.10 sends STATUS_VALID_CLIENT with Demand Active right behind it.
/// A back end that sends PLATFORM_CHALLENGE licenses for real, and is refused.
/// </summary>
public sealed class BackEndLicensing
{
    /// <summary>Random bytes that <see cref="BackEndInput.Release"/> needs.</summary>
    public const int RandomLength = NewLicenseRequest.RandomLength + PremasterLength;

    private const int PremasterLength = 64; // As long as xrdp 0.9's key.
    private const int PremasterPadding = 8;
    private const uint PlatformId = 0x0401_0000;
    private const string Name = "ostiary";

    private State _state = new State.ExpectFirst();

    /// <returns>What to do, in order; empty if nothing.</returns>
    /// <exception cref="WireFormatException">The back end's PDU is malformed.</exception>
    /// <exception cref="ProtocolViolationException">The back end, or the driver, is out of turn.</exception>
    public IReadOnlyList<BackEndOutput> Step(BackEndInput input)
    {
        (_state, var outputs) = Next(_state, input);
        return outputs;
    }

    private static (State, BackEndOutput[]) Next(State state, BackEndInput input) => (state, input) switch
    {
        (State.ExpectFirst or State.ExpectValidClient, BackEndInput.Received(var pdu))
            => OnReceived(state, pdu, Pdu.Decode<LicensingPdu>(pdu.UserData).Message),

        (State.AwaitRelease(var envelope), BackEndInput.Release(var random))
            => (new State.ExpectValidClient(), [new BackEndOutput.Send(envelope.Request(Pdu.Encode(Answer(random))))]),

        (State.AwaitReleaseOfLicensed, BackEndInput.Release)
            => End(BackEndEnd.Licensed),

        _ => throw new ProtocolViolationException(state.GetType().Name, input.GetType().Name),
    };

    private static (State, BackEndOutput[]) OnReceived(State state, FrameAction.WithholdBackEnd pdu, ILicensingMessage message) => (state, message) switch
    {
        (State.ExpectFirst, LicenseRequest)
            => (new State.AwaitRelease(pdu.ToBackEnd), [new BackEndOutput.StartExchange(pdu.ToClient)]),

        (State.ExpectFirst, ErrorAlert { ErrorCode: LicensingErrorCode.ValidClient })
            => (new State.AwaitReleaseOfLicensed(), [new BackEndOutput.StartExchange(pdu.ToClient)]),

        (State.ExpectValidClient, ErrorAlert { ErrorCode: LicensingErrorCode.ValidClient })
            => End(BackEndEnd.Licensed),

        (_, ErrorAlert) => End(BackEndEnd.Aborted),

        (_, PlatformChallenge or NewLicense or UpgradeLicense) => End(BackEndEnd.NotSupported),

        _ => throw new ProtocolViolationException(state.GetType().Name, message.Type.ToString()),
    };

    private static (State, BackEndOutput[]) End(BackEndEnd end) => (new State.Done(), [new BackEndOutput.Finish(end)]);

    /// <summary>xrdp reads no more of it than the security header; what it says is well-formed all the same.</summary>
    private static LicensingPdu Answer(byte[] random)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random.Length, RandomLength);
        byte[] premaster = [.. random.AsSpan(NewLicenseRequest.RandomLength), .. new byte[PremasterPadding]];
        return new(NewLicenseRequest.Create(PlatformId, random[..NewLicenseRequest.RandomLength], premaster, Name, Name));
    }

    private abstract record State
    {
        private State()
        {
        }

        internal sealed record ExpectFirst : State;

        /// <summary>The back end waits for an answer.</summary>
        internal sealed record AwaitRelease(McsEnvelope ToBackEnd) : State;

        /// <summary>The back end has said that the client is valid and waits for nothing.</summary>
        internal sealed record AwaitReleaseOfLicensed : State;

        internal sealed record ExpectValidClient : State;

        internal sealed record Done : State;
    }
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

    /// <summary>Says the type only.</summary>
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
