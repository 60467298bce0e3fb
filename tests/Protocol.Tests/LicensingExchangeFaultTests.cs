using CsCheck;
using Ostiary.Protocol.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Clients that err, lie or speak out of turn; and drivers that step out of turn.</summary>
public sealed class LicensingExchangeFaultTests
{
    public static TheoryData<ClientForm> Forms => [ClientForm.FreeRdp, ClientForm.Rdesktop];

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_wrong_mac_of_the_response_is_answered_with_invalid_mac(ClientForm form)
    {
        var run = Tampered(new() { Form = form }, message => message is PlatformChallengeResponse response
            ? response with { Mac = Flipped(response.Mac) }
            : message);

        AssertRefused(run, ExchangeEnd.BadMac, LicensingErrorCode.InvalidMac, ErrorInfoCode.BadClientEncryption);
        Assert.Empty(run.Run.Questions);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_wrong_mac_of_a_presented_license_is_answered_with_invalid_mac(ClientForm form)
    {
        var run = Tampered(new() { Form = form, StoredLicense = [1] }, message => message is LicenseInfo info
            ? info with { Mac = Flipped(info.Mac) }
            : message);

        AssertRefused(run, ExchangeEnd.BadMac, LicensingErrorCode.InvalidMac, ErrorInfoCode.BadClientEncryption);
        Assert.Empty(run.Run.Questions);
    }

    [Fact]
    public void An_encrypted_byte_changed_on_the_way_is_noticed()
    {
        var run = Tampered(new(), message => message is PlatformChallengeResponse response
            ? response with { EncryptedHardwareId = response.EncryptedHardwareId with { Data = Flipped(response.EncryptedHardwareId.Data) } }
            : message);

        AssertRefused(run, ExchangeEnd.BadMac, LicensingErrorCode.InvalidMac, ErrorInfoCode.BadClientEncryption);
    }

    [Theory]
    [InlineData("54004500530054000000")] // alone, as rdesktop does it
    [InlineData("000100FF03000A0054004500530054000000")] // in the structure
    [InlineData("000100FF03000000")] // an empty one
    public void An_answer_to_another_challenge_is_refused_though_its_mac_is_right(string answer)
    {
        var run = Answering(Samples.Hex(answer), new HardwareId(1, new byte[16]).ToArray());

        AssertRefused(run, ExchangeEnd.WrongChallenge, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientMessage);
    }

    [Theory]
    [InlineData("")]
    [InlineData("000100FF")]
    [InlineData("000100FF0300FFFF00")]
    public void An_answer_that_is_neither_form_is_malformed_though_its_mac_is_right(string answer)
    {
        var run = Answering(Samples.Hex(answer), new HardwareId(1, new byte[16]).ToArray());

        AssertRefused(run, ExchangeEnd.Malformed, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientMessage);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(21)]
    public void A_hardware_id_has_twenty_bytes(int length)
    {
        var run = Answering(ExchangeScripts.Random.Challenge.ToArray(), new byte[length]);

        AssertRefused(run, ExchangeEnd.Malformed, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientMessage);
    }

    [Fact]
    public void The_hardware_id_of_the_response_is_that_of_the_presented_license()
    {
        var keys = LicensingKeys.Derive(new LicensingClientOptions().Random.AsSpan(32), new LicensingClientOptions().Random.AsSpan(0, 32), ExchangeScripts.Random.ServerRandom);
        var answer = ExchangeScripts.Random.Challenge.ToArray();
        var other = new HardwareId(2, new byte[16]).ToArray();

        var run = Tampered(new() { StoredLicense = [1] }, message => message is PlatformChallengeResponse
            ? new PlatformChallengeResponse(
                new(LicensingBlobType.Data, keys.Transform(answer)), new(LicensingBlobType.Data, keys.Transform(other)), keys.Mac([.. answer, .. other]))
            : message);

        AssertRefused(run, ExchangeEnd.WrongHardwareId, LicensingErrorCode.InvalidClient, ErrorInfoCode.HardwareIdDoesNotMatchLicense);
    }

    [Fact]
    public void A_premaster_that_is_garbage_is_answered_with_invalid_client()
    {
        var run = Tampered(new(), message => message is NewLicenseRequest request
            ? request with { EncryptedPremaster = new(LicensingBlobType.Random, [.. Enumerable.Repeat((byte)0x5A, 256)]) }
            : message);

        AssertRefused(run, ExchangeEnd.Malformed, LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientEncryption);
    }

    [Fact]
    public void Blob_types_do_not_matter_in_either_direction()
    {
        var client = new LicensingClientScript(new() { StoredLicense = [1] });

        var run = ExchangeScripts.Run(
            client,
            question => question is LicenseQuestion.Presented ? new LicenseDecision.ChallengeFirst() : new LicenseDecision.Granted([2]),
            pdu =>
            {
                var junk = (LicensingBlobType)0x1428;
                ILicensingMessage message = pdu.Message switch
                {
                    LicenseInfo info => info with
                    {
                        EncryptedPremaster = info.EncryptedPremaster with { Type = junk },
                        License = info.License with { Type = junk },
                        EncryptedHardwareId = info.EncryptedHardwareId with { Type = junk },
                    },
                    PlatformChallengeResponse response => response with
                    {
                        EncryptedResponse = response.EncryptedResponse with { Type = junk },
                        EncryptedHardwareId = response.EncryptedHardwareId with { Type = junk },
                    },
                    _ => pdu.Message,
                };
                return Pdu.Encode(pdu with { Security = new(SecurityFlags.LicensePacket | SecurityFlags.LicenseEncryptClientToServer, 0xFFFF), Message = message });
            });

        Assert.Equal(ExchangeEnd.UpgradeLicense, run.Finish!.End);
    }

    [Theory]
    [InlineData(LicensingErrorCode.InvalidServerCertificate)]
    [InlineData(LicensingErrorCode.NoLicense)]
    [InlineData(LicensingErrorCode.ValidClient)]
    public void An_alert_of_the_client_ends_the_exchange_unadmitted_whatever_it_says(LicensingErrorCode code)
    {
        foreach (var exchange in ExchangeScripts.AtEveryState())
        {
            var outputs = exchange.Step(ExchangeScripts.Received(new(new ErrorAlert(code, LicensingStateTransition.NoTransition))));

            var finish = Assert.IsType<ExchangeOutput.Finish>(Assert.Single(outputs));
            Assert.Equal(ExchangeEnd.ClientAborted, finish.End);
            Assert.Equal(code, finish.ClientError);
            Assert.False(finish.Admitted);
        }
    }

    [Fact]
    public void Challenge_response_before_request_ends_the_exchange()
    {
        var exchange = ExchangeScripts.Started(out _);

        var outputs = exchange.Step(ExchangeScripts.Received(new(new PlatformChallengeResponse(
            new(LicensingBlobType.Data, new byte[10]), new(LicensingBlobType.Data, new byte[20]), new byte[16]))));

        AssertEnds(outputs, ExchangeEnd.UnexpectedMessage);
    }

    [Fact]
    public void A_second_request_ends_the_exchange_in_every_later_state()
    {
        foreach (var exchange in ExchangeScripts.AtEveryState().Skip(1))
        {
            var outputs = exchange.Step(ExchangeScripts.Received(new(NewLicenseRequest.Create(1, new byte[32], new byte[72], "", ""))));

            AssertEnds(outputs, ExchangeEnd.UnexpectedMessage);
        }
    }

    [Fact]
    public void A_servers_message_from_a_client_ends_the_exchange()
    {
        foreach (var exchange in ExchangeScripts.AtEveryState())
            AssertEnds(exchange.Step(ExchangeScripts.Received(new(new NewLicense(new(LicensingBlobType.Data, []), new byte[16])))), ExchangeEnd.UnexpectedMessage);
    }

    [Fact]
    public void Every_truncated_NewLicenseRequest_is_refused()
    {
        _ = ExchangeScripts.Started(out var request);
        var whole = Pdu.Encode(new LicensingClientScript(new()).Answer(request)!);

        for (var length = 0; length < whole.Length; length += 7)
            AssertEnds(ExchangeScripts.Started(out _).Step(new ExchangeInput.Received(whole[..length])), ExchangeEnd.Malformed);
    }

    [Fact]
    public void Random_bytes_are_refused_in_every_state() =>
        Gen.Byte.Array[0, 200].Sample(Oracles.Exchange, iter: 50, threads: 1);

    [Fact]
    public void A_driver_out_of_turn_is_told_so()
    {
        var start = new ExchangeInput.Start(ExchangeScripts.Random);
        var decided = new ExchangeInput.Decided(new LicenseDecision.Granted(null));

        Violates(ExchangeScripts.Create(), new ExchangeInput.Received([]), "Idle", "Received");
        Violates(ExchangeScripts.Create(), decided, "Idle", "Granted");
        Violates(ExchangeScripts.Started(out _), start, "ExpectRequest", "Start");
        Violates(ExchangeScripts.Started(out _), decided, "ExpectRequest", "Granted");
        var states = ExchangeScripts.AtEveryState().ToList();
        Violates(states[2], new ExchangeInput.Decided(new LicenseDecision.Accepted()), "AwaitFullDecision", "Accepted");
        Violates(states[2], new ExchangeInput.Decided(new LicenseDecision.ChallengeFirst()), "AwaitFullDecision", "ChallengeFirst");
        Violates(states[3], decided, "AwaitPresentedDecision", "Granted");
    }

    [Fact]
    public void Nothing_is_allowed_after_the_end()
    {
        var exchange = ExchangeScripts.Create();
        _ = exchange.Step(new ExchangeInput.Waive());

        Violates(exchange, new ExchangeInput.Waive(), "Done", "Waive");
        Violates(exchange, new ExchangeInput.Received([]), "Done", "Received");
        Violates(exchange, new ExchangeInput.Start(ExchangeScripts.Random), "Done", "Start");
    }

    private static void Violates(LicensingExchange exchange, ExchangeInput input, string state, string received)
    {
        var exception = Assert.Throws<ProtocolViolationException>(() => exchange.Step(input));

        Assert.Equal(state, exception.State);
        Assert.Equal(received, exception.Received);
    }

    private static (ExchangeRun Run, LicensingClientScript Client) Tampered(
        LicensingClientOptions options, Func<ILicensingMessage, ILicensingMessage> tamper)
    {
        var client = new LicensingClientScript(options);
        var run = ExchangeScripts.Run(
            client,
            question => question is LicenseQuestion.Presented ? new LicenseDecision.ChallengeFirst() : new LicenseDecision.Granted([2]),
            pdu => Pdu.Encode(pdu with { Message = tamper(pdu.Message) }));
        return (run, client);
    }

    /// <summary>A client with right keys and a right MAC over whatever it is told to say.</summary>
    private static (ExchangeRun Run, LicensingClientScript Client) Answering(byte[] answer, byte[] hardwareId)
    {
        var options = new LicensingClientOptions();
        var keys = LicensingKeys.Derive(options.Random.AsSpan(32), options.Random.AsSpan(0, 32), ExchangeScripts.Random.ServerRandom);
        return Tampered(options, message => message is PlatformChallengeResponse
            ? new PlatformChallengeResponse(
                new(LicensingBlobType.EncryptedData, keys.Transform(answer)),
                new(LicensingBlobType.EncryptedData, keys.Transform(hardwareId)),
                keys.Mac([.. answer, .. hardwareId]))
            : message);
    }

    private static void AssertRefused(
        (ExchangeRun Run, LicensingClientScript Client) result, ExchangeEnd end, LicensingErrorCode alert, ErrorInfoCode info)
    {
        Assert.Equal(end, result.Run.Finish!.End);
        Assert.False(result.Run.Finish.Admitted);
        Assert.Equal(["SetErrorInfo", "ErrorAlert", "DisconnectProviderUltimatum"], result.Run.Sent[^3..]);
        Assert.Equal(info, result.Run.ErrorInfo);
        Assert.Equal(alert, result.Client.Alert);
        Assert.Equal(LicensingClientEnd.Refused, result.Client.End);
    }

    private static void AssertEnds(IReadOnlyList<ExchangeOutput> outputs, ExchangeEnd end)
    {
        Assert.Equal(end, Assert.IsType<ExchangeOutput.Finish>(outputs[^1]).End);
        var alert = Assert.IsType<ErrorAlert>(ExchangeScripts.LicensingIn((ExchangeOutput.Send)outputs[^3]).Message);
        Assert.Equal(LicensingErrorCode.InvalidClient, alert.ErrorCode);
        Assert.Equal(LicensingStateTransition.TotalAbort, alert.StateTransition);
    }

    private static byte[] Flipped(byte[] bytes)
    {
        byte[] flipped = [.. bytes];
        flipped[^1] ^= 0x80;
        return flipped;
    }
}
