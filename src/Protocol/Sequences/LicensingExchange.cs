using System.Security.Cryptography;
using Ostiary.Protocol.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

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
/// <code>
/// Start → LICENSE_REQUEST
///   LICENSE_INFO          → Ask(Presented) → Accepted: VALID_CLIENT, done
///                                          → ChallengeFirst: PLATFORM_CHALLENGE
///   NEW_LICENSE_REQUEST   → PLATFORM_CHALLENGE
///     PLATFORM_CHALLENGE_RESPONSE → Ask(Full) → Granted: NEW_LICENSE, UPGRADE_LICENSE or VALID_CLIENT, done
/// any question → Refused: Set Error Info (if supported), ERROR_ALERT with ST_TOTAL_ABORT, Disconnect Provider Ultimatum, done
/// </code>
/// </summary>
public sealed class LicensingExchange(ExchangeSettings settings)
{
    private State _state = new State.Idle();

    /// <returns>What to do, in order; empty if nothing.</returns>
    /// <exception cref="ProtocolViolationException">The driver stepped out of turn. The client's own faults end in <see cref="ExchangeOutput.Finish"/>.</exception>
    public IReadOnlyList<ExchangeOutput> Step(ExchangeInput input)
    {
        (_state, var outputs) = Next(settings, _state, input);
        return outputs;
    }

    private static (State, ExchangeOutput[]) Next(ExchangeSettings settings, State state, ExchangeInput input) => (state, input) switch
    {
        (State.Idle, ExchangeInput.Start(var random))
            => (new State.ExpectRequest(random), [Send(settings, Request(settings, random))]),

        (State.Idle, ExchangeInput.Waive)
            => ValidClient(settings),

        (not (State.Idle or State.Done), ExchangeInput.Received(var userData))
            => OnReceived(settings, state, userData),

        (State.AwaitPresentedDecision, ExchangeInput.Decided(LicenseDecision.Accepted))
            => ValidClient(settings),

        (State.AwaitPresentedDecision(var client), ExchangeInput.Decided(LicenseDecision.ChallengeFirst))
            => Challenge(settings, client),

        (State.AwaitFullDecision, ExchangeInput.Decided(LicenseDecision.Granted { License: null }))
            => ValidClient(settings),

        (State.AwaitFullDecision(var client), ExchangeInput.Decided(LicenseDecision.Granted { License: { } license }))
            => Issue(settings, client, license),

        (State.AwaitPresentedDecision or State.AwaitFullDecision, ExchangeInput.Decided(LicenseDecision.Refused(var alert, var info)))
            => End(settings, ExchangeEnd.Refused, alert, info),

        _ => throw new ProtocolViolationException(
            state.GetType().Name,
            input is ExchangeInput.Decided(var decision) ? decision.GetType().Name : input.GetType().Name),
    };

    private static (State, ExchangeOutput[]) OnReceived(ExchangeSettings settings, State state, byte[] userData)
    {
        ILicensingMessage message;
        try
        {
            message = Pdu.Decode<LicensingPdu>(userData).Message;
        }
        catch (WireFormatException)
        {
            return Malformed(settings); // [MS-RDPELE] 3.2.5: the client is told; the session ends with this result.
        }

        return (state, message) switch
        {
            (_, ErrorAlert alert)
                => (new State.Done(), [new ExchangeOutput.Finish(ExchangeEnd.ClientAborted, alert.ErrorCode)]),
            (State.ExpectRequest expect, NewLicenseRequest request) => OnNewLicenseRequest(settings, expect.Random, request),
            (State.ExpectRequest expect, LicenseInfo info) => OnLicenseInfo(settings, expect.Random, info),
            (State.ExpectChallengeResponse expect, PlatformChallengeResponse response) => OnResponse(settings, expect.Client, response),
            _ => End(settings, ExchangeEnd.UnexpectedMessage, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientMessage),
        };
    }

    private static (State, ExchangeOutput[]) OnNewLicenseRequest(ExchangeSettings settings, ExchangeRandom random, NewLicenseRequest request) =>
        TryDeriveKeys(settings, random, request.EncryptedPremaster, request.ClientRandom) is { } keys
            ? Challenge(settings, new(random, keys, request.PlatformId, request.UserName, request.MachineName, Presented: null))
            : BadEncryption(settings);

    private static (State, ExchangeOutput[]) OnLicenseInfo(ExchangeSettings settings, ExchangeRandom random, LicenseInfo info)
    {
        if (TryDeriveKeys(settings, random, info.EncryptedPremaster, info.ClientRandom) is not { } keys)
            return BadEncryption(settings);
        var hardwareId = keys.Transform(info.EncryptedHardwareId.Data);
        if (!keys.IsMacRight(hardwareId, info.Mac))
            return BadMac(settings);
        if (hardwareId.Length != HardwareId.Length)
            return Malformed(settings);

        var presented = new LicenseQuestion.Presented(Pdu.Decode<HardwareId>(hardwareId), info.PlatformId, info.License.Data);
        var client = new Client(random, keys, info.PlatformId, UserName: null, MachineName: null, presented);
        return (new State.AwaitPresentedDecision(client), [new ExchangeOutput.Ask(presented)]);
    }

    private static (State, ExchangeOutput[]) OnResponse(ExchangeSettings settings, Client client, PlatformChallengeResponse response)
    {
        var answer = client.Keys.Transform(response.EncryptedResponse.Data);
        var hardwareId = client.Keys.Transform(response.EncryptedHardwareId.Data);
        if (!client.Keys.IsMacRight([.. answer, .. hardwareId], response.Mac))
            return BadMac(settings);
        if (hardwareId.Length != HardwareId.Length || !TryReadAnswer(answer, out var echo, out var clientType))
            return Malformed(settings);
        if (!CryptographicOperations.FixedTimeEquals(echo, client.Random.Challenge))
            return End(settings, ExchangeEnd.WrongChallenge, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientMessage);
        var id = Pdu.Decode<HardwareId>(hardwareId);
        if (client.Presented is { } presented && !presented.HardwareId.Equals(id))
            return End(settings, ExchangeEnd.WrongHardwareId, LicensingErrorCode.InvalidClient, ErrorInfoCode.HardwareIdDoesNotMatchLicense);

        var question = new LicenseQuestion.Full(
            id, client.PlatformId, client.UserName, client.MachineName, client.Presented?.License, clientType);
        return (new State.AwaitFullDecision(client), [new ExchangeOutput.Ask(question)]);
    }

    /// <summary>Two forms: the structure of the specification, or (rdesktop) the challenge alone.</summary>
    private static bool TryReadAnswer(byte[] answer, out byte[] challenge, out LicensingClientType clientType)
    {
        (challenge, clientType) = (answer, LicensingClientType.Unknown);
        if (answer.Length == ExchangeRandom.ChallengeLength)
            return true;
        try
        {
            var data = Pdu.Decode<PlatformChallengeResponseData>(answer);
            (challenge, clientType) = (data.Challenge, data.ClientType);
            return true;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }

    private static LicensingKeys? TryDeriveKeys(ExchangeSettings settings, ExchangeRandom random, LicensingBlob premasterBlob, byte[] clientRandom) =>
        PremasterSecret.TryDecrypt(settings.Key.Rsa, premasterBlob.Data, random.Blinding, out var premaster)
            ? LicensingKeys.Derive(premaster, clientRandom, random.ServerRandom)
            : null;

    private static LicenseRequest Request(ExchangeSettings settings, ExchangeRandom random) => LicenseRequest.Create(
        random.ServerRandom.ToArray(), ProductOf(settings), settings.Key.Certificate, settings.Product.Scope);

    private static ProductInfo ProductOf(ExchangeSettings settings) =>
        new(settings.Product.Version, settings.Product.Company, settings.Product.ProductId);

    private static (State, ExchangeOutput[]) Challenge(ExchangeSettings settings, Client client) =>
        (new State.ExpectChallengeResponse(client), [Send(settings, new PlatformChallenge(
            new(LicensingBlobType.EncryptedData, client.Keys.Transform(client.Random.Challenge)),
            client.Keys.Mac(client.Random.Challenge)))]);

    private static (State, ExchangeOutput[]) Issue(ExchangeSettings settings, Client client, byte[] license)
    {
        var info = Pdu.Encode(new NewLicenseInfo(settings.Product.Scope, ProductOf(settings), license));
        var blob = new LicensingBlob(LicensingBlobType.EncryptedData, client.Keys.Transform(info));
        var mac = client.Keys.Mac(info);
        return client.Presented is null
            ? (new State.Done(), [Send(settings, new NewLicense(blob, mac)), new ExchangeOutput.Finish(ExchangeEnd.NewLicense)])
            : (new State.Done(), [Send(settings, new UpgradeLicense(blob, mac)), new ExchangeOutput.Finish(ExchangeEnd.UpgradeLicense)]);
    }

    private static (State, ExchangeOutput[]) ValidClient(ExchangeSettings settings) =>
        (new State.Done(), [Send(settings, ErrorAlert.ValidClient), new ExchangeOutput.Finish(ExchangeEnd.ValidClient)]);

    private static (State, ExchangeOutput[]) BadMac(ExchangeSettings settings) =>
        End(settings, ExchangeEnd.BadMac, LicensingErrorCode.InvalidMac, ErrorInfoCode.BadClientEncryption);

    private static (State, ExchangeOutput[]) BadEncryption(ExchangeSettings settings) =>
        End(settings, ExchangeEnd.Malformed, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientEncryption);

    private static (State, ExchangeOutput[]) Malformed(ExchangeSettings settings) =>
        End(settings, ExchangeEnd.Malformed, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientMessage);

    private static (State, ExchangeOutput[]) End(ExchangeSettings settings, ExchangeEnd end, LicensingErrorCode alert, ErrorInfoCode info)
    {
        var outputs = new List<ExchangeOutput>();
        if (settings.ClientSupportsErrorInfo)
            outputs.Add(new ExchangeOutput.Send(settings.Envelope.SetErrorInfo(info), nameof(SetErrorInfo)));
        outputs.Add(Send(settings, ErrorAlert.Abort(alert)));
        outputs.Add(new ExchangeOutput.Send(McsEnvelope.Disconnect(), nameof(DisconnectProviderUltimatum)));
        outputs.Add(new ExchangeOutput.Finish(end));
        return (new State.Done(), [.. outputs]);
    }

    private static ExchangeOutput.Send Send(ExchangeSettings settings, ILicensingMessage message) =>
        new(settings.Envelope.Indication(Pdu.Encode(new LicensingPdu(message))), message.Type.ToString());

    /// <summary>What later states need of the client's first message.</summary>
    private sealed record Client(
        ExchangeRandom Random,
        LicensingKeys Keys,
        uint PlatformId,
        string? UserName,
        string? MachineName,
        LicenseQuestion.Presented? Presented);

    private abstract record State
    {
        private State()
        {
        }

        internal sealed record Idle : State;

        internal sealed record ExpectRequest(ExchangeRandom Random) : State;

        internal sealed record AwaitPresentedDecision(Client Client) : State;

        internal sealed record ExpectChallengeResponse(Client Client) : State;

        internal sealed record AwaitFullDecision(Client Client) : State;

        internal sealed record Done : State;
    }
}
