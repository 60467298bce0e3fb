using CsCheck;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class ConnectionSequenceTests
{
    private static readonly byte[] Request = new RdpClientScript(new()).Start();

    [Theory]
    [InlineData(null)]
    [InlineData(SecurityProtocols.Rdp)]
    [InlineData(SecurityProtocols.Hybrid)]
    public void A_client_without_tls_is_told_that_tls_is_required(SecurityProtocols? requested)
    {
        var sequence = new ConnectionSequence(BackEndSecurity.Clear);

        var action = sequence.FromClient(new RdpClientScript(new() { RequestedProtocols = requested }).Start());

        var refusal = Assert.IsType<FrameAction.Refuse>(action);
        Assert.Equal(NegotiationRefusal.TlsRequired, refusal.Reason);
        Assert.Equal("030000130ED00000123400" + "0300080001000000", Convert.ToHexString(refusal.Answer));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromClient(Request));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromServer(BackEndScript.Confirm(SecurityProtocols.Rdp)));
    }

    [Fact]
    public void A_clear_back_end_gets_the_request_unchanged_and_one_byte_of_its_confirm_is_patched()
    {
        var sequence = new ConnectionSequence(BackEndSecurity.Clear);

        var request = sequence.FromClient(Request);
        var confirm = sequence.FromServer(BackEndScript.Confirm(SecurityProtocols.Rdp));

        Assert.IsType<FrameAction.Relay>(request);
        Assert.Equal("030000130ED000001234000201080001000000", Convert.ToHexString(Assert.IsType<FrameAction.StartTls>(confirm).Confirm));
        Assert.Equal("alice", sequence.Facts.Cookie);
        Assert.Equal(SecurityProtocols.Ssl | SecurityProtocols.Hybrid, sequence.Facts.RequestedProtocols);
    }

    [Theory]
    [InlineData(BackEndSecurity.Clear, SecurityProtocols.Ssl)]
    [InlineData(BackEndSecurity.Clear, SecurityProtocols.Hybrid)]
    [InlineData(BackEndSecurity.Tls, SecurityProtocols.Rdp)]
    [InlineData(BackEndSecurity.Tls, SecurityProtocols.Hybrid)]
    public void A_back_end_that_chooses_other_security_is_refused(BackEndSecurity backEnd, SecurityProtocols chosen)
    {
        var sequence = new ConnectionSequence(backEnd);
        _ = sequence.FromClient(Request);

        var action = sequence.FromServer(BackEndScript.Confirm(chosen));

        Assert.Equal(NegotiationRefusal.BackEndSecurityUnexpected, Assert.IsType<FrameAction.Refuse>(action).Reason);
    }

    [Fact]
    public void A_confirm_without_negotiation_or_with_a_failure_is_refused()
    {
        foreach (var result in new ConnectionConfirm.Negotiation?[] { null, new ConnectionConfirm.Negotiation.Failure(NegotiationFailureCode.HybridRequiredByServer) })
        {
            var sequence = new ConnectionSequence(BackEndSecurity.Clear);
            _ = sequence.FromClient(Request);

            Assert.IsType<FrameAction.Refuse>(sequence.FromServer(McsEnvelope.Negotiation(new ConnectionConfirm(result))));
        }
    }

    [Fact]
    public void A_tls_back_end_is_asked_for_tls_alone_and_its_echo_is_patched_back()
    {
        var sequence = new ConnectionSequence(BackEndSecurity.Tls);

        var request = Assert.IsType<FrameAction.RelayPatched>(sequence.FromClient(Request)).Frame;
        var confirm = BackEndScript.Confirm(SecurityProtocols.Ssl);
        var confirmed = Assert.IsType<FrameAction.StartTls>(sequence.FromServer(confirm)).Confirm;
        var initial = ((RdpClientOutput.Send)Client().Received(confirm)[1]).Frame;
        Assert.IsType<FrameAction.Relay>(sequence.FromClient(initial));
        var original = BackEndScript.ConnectResponse(SecurityProtocols.Ssl);
        var response = Assert.IsType<FrameAction.RelayPatched>(sequence.FromServer(original)).Frame;

        Assert.Equal(Request.Length, request.Length);
        Assert.Equal([Request.Length - 4], Differences(Request, request));
        Assert.Equal(confirm, confirmed);
        var patched = Pdu.Decode<McsConnectResponse>(response.AsSpan(7));
        Assert.Equal(SecurityProtocols.Ssl | SecurityProtocols.Hybrid, patched.Core!.ClientRequestedProtocols);
        Assert.Single(Differences(original, response));
    }

    [Fact]
    public void A_request_for_tls_alone_needs_no_patch_anywhere()
    {
        var options = new RdpClientOptions { RequestedProtocols = SecurityProtocols.Ssl };
        var sequence = new ConnectionSequence(BackEndSecurity.Tls);
        var client = new RdpClientScript(options);

        Assert.IsType<FrameAction.Relay>(sequence.FromClient(client.Start()));
        _ = sequence.FromServer(BackEndScript.Confirm(SecurityProtocols.Ssl));
        _ = sequence.FromClient(((RdpClientOutput.Send)client.Received(BackEndScript.Confirm(SecurityProtocols.Ssl))[1]).Frame);
        Assert.IsType<FrameAction.Relay>(sequence.FromServer(BackEndScript.ConnectResponse(SecurityProtocols.Ssl)));
    }

    [Fact]
    public void What_the_client_says_of_itself_is_exposed()
    {
        var options = new RdpClientOptions
        {
            Licensing = new() { UserName = "bob", MachineName = "A-NAME-LONGER-THAN-FIFTEEN" },
            Domain = "DOM",
            Administrative = true,
            Password = "never seen",
        };

        var facts = ConnectionScripts.InLicensing(options, messageChannel: 1009).Facts;

        Assert.Equal("bob", facts.UserName);
        Assert.Equal("DOM", facts.Domain);
        Assert.Equal("A-NAME-LONGER-T", facts.ClientName);
        Assert.Equal(18363u, facts.ClientBuild);
        Assert.True(facts.AsksForAdministrativeSession);
        Assert.True(facts.SupportsErrorInfo);
        Assert.True(facts.ClientInfoFlags.HasFlag(ClientInfoFlags.AutoLogon));
        Assert.Equal(["rdpdr", "rdpsnd", "cliprdr"], facts.StaticChannels);
        Assert.Equal((ushort)1003, facts.IoChannelId);
        Assert.Equal((ushort)1009, facts.MessageChannelId);
        Assert.Equal(BackEndScript.User, facts.UserChannelId);
        Assert.Equal(nameof(ConnectionFacts), facts.ToString());
    }

    [Fact]
    public void An_ordinary_client_asks_for_no_administrative_session() =>
        Assert.False(ConnectionScripts.InLicensing().Facts.AsksForAdministrativeSession);

    [Fact]
    public void A_back_ends_licensing_pdu_is_withheld_with_the_headers_for_both_sides()
    {
        var action = ConnectionScripts.InLicensing().FromServer(new McsEnvelope(1002, 1003).Indication([.. Samples.Hex("80020000FF03100007000000020000000400 0000")]));

        var withheld = Assert.IsType<FrameAction.WithholdBackEnd>(action);
        Assert.Equal(new(1002, 1003), withheld.ToClient);
        Assert.Equal(new(BackEndScript.User, 1003), withheld.ToBackEnd);
        Assert.True(LicensingPdu.IsLicensing(withheld.UserData));
    }

    [Fact]
    public void A_demand_active_is_not_mistaken_for_licensing_and_does_not_pass_before_its_end()
    {
        var sequence = ConnectionScripts.InLicensing();

        Assert.Throws<ProtocolViolationException>(() => sequence.FromServer(BackEndScript.DemandActive));
        sequence.LicensingEnded();
        Assert.IsType<FrameAction.Relay>(sequence.FromServer(BackEndScript.DemandActive));
    }

    [Fact]
    public void Lengths_with_the_licensing_bit_set_are_not_licensing()
    {
        for (var length = 8; length < 0x1000; length++)
        {
            var demandActive = new byte[length];
            (demandActive[0], demandActive[1], demandActive[2]) = ((byte)length, (byte)(length >> 8), 0x11);
            demandActive[4] = (byte)LicensingMessageType.ErrorAlert;
            Assert.False(LicensingPdu.IsLicensing(demandActive));
        }
    }

    [Fact]
    public void Each_sign_of_a_licensing_pdu_is_necessary()
    {
        var alert = Samples.Hex("80 00 3E 01 FF 03 10 00 07 00 00 00 02 00 00 00 28 14 00 00");
        Assert.True(LicensingPdu.IsLicensing(alert));
        Assert.True(LicensingPdu.IsLicensing([0x80, 0x02, .. alert[2..]]));

        Assert.False(LicensingPdu.IsLicensing([0x00, .. alert[1..]])); // no licensing flag
        Assert.False(LicensingPdu.IsLicensing([0x88, .. alert[1..]])); // another flag
        Assert.False(LicensingPdu.IsLicensing([.. alert[..4], 0x05, .. alert[5..]])); // no such message
        Assert.False(LicensingPdu.IsLicensing([.. alert, 0])); // a byte too many
        Assert.False(LicensingPdu.IsLicensing(alert.AsSpan(0, alert.Length - 1)));
        Assert.False(LicensingPdu.IsLicensing(alert.AsSpan(0, 7)));
        Assert.False(LicensingPdu.IsLicensing([]));
    }

    [Fact]
    public void A_clients_licensing_pdu_goes_to_the_exchange_however_malformed()
    {
        var sequence = ConnectionScripts.InLicensing();

        Assert.IsType<FrameAction.ClientLicensing>(sequence.FromClient(BackEndScript.Envelope.Request([0x80, 0, 0, 0])));
        Assert.IsType<FrameAction.ClientLicensing>(sequence.FromClient(BackEndScript.Envelope.Request([0x80, 2, 0, 0, 0x13, 3, 0xFF, 0xFF])));
    }

    [Theory]
    [InlineData("13 00 13 00 EA 03")] // Confirm Active: a desktop session, blindly
    [InlineData("40 00 00 00")] // a second Client Info
    [InlineData("00 00 00 00")]
    public void Nothing_but_licensing_passes_on_the_io_channel_until_its_end(string userData)
    {
        var sequence = ConnectionScripts.InLicensing();
        var frame = BackEndScript.Envelope.Request(Samples.Hex(userData));

        Assert.Throws<ProtocolViolationException>(() => sequence.FromClient(frame));
        sequence.LicensingEnded();
        Assert.IsType<FrameAction.Relay>(sequence.FromClient(frame));
    }

    [Fact]
    public void Static_channels_are_closed_until_licensing_has_ended()
    {
        var sequence = ConnectionScripts.InLicensing();

        Assert.Throws<ProtocolViolationException>(() => sequence.FromClient(new McsEnvelope(1007, 1004).Request([1, 2, 3, 4])));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromServer(new McsEnvelope(1007, 1004).Indication([1, 2, 3, 4])));
    }

    [Fact]
    public void Auto_detection_passes_on_the_message_channel_and_licensing_flags_do_not()
    {
        var sequence = ConnectionScripts.InLicensing(messageChannel: 1009);
        var channel = new McsEnvelope(1007, 1009);

        Assert.IsType<FrameAction.Relay>(sequence.FromServer(channel.Indication(Samples.Hex("00100000 060000000100"))));
        Assert.IsType<FrameAction.Relay>(sequence.FromClient(channel.Request(Samples.Hex("00200000 060100000000"))));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromClient(channel.Request(Samples.Hex("80000000"))));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromClient(channel.Request(Samples.Hex("80200000"))));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromClient(channel.Request(Samples.Hex("00000000"))));
    }

    [Fact]
    public void Standard_rdp_security_is_refused_wherever_it_shows()
    {
        var sequence = ConnectionScripts.Advanced(BackEndSecurity.Clear, 1);
        var client = Client();
        _ = sequence.FromClient(((RdpClientOutput.Send)client.Received(BackEndScript.Confirm(SecurityProtocols.Ssl))[1]).Frame);
        var response = McsEnvelope.Data(new McsConnectResponse(
        [
            GccBlock.Of(GccBlockType.ServerSecurity, new ServerSecurityData(2, 2, new byte[8])),
            GccBlock.Of(GccBlockType.ServerNetwork, new ServerNetworkData(1003, [])),
        ]));
        Assert.Throws<ProtocolViolationException>(() => sequence.FromServer(response));

        var joining = ConnectionScripts.Advanced(BackEndSecurity.Clear, 3);
        Assert.Equal("Joining", joining.StateName);
        Assert.Throws<ProtocolViolationException>(() => joining.FromClient(BackEndScript.Envelope.Request(Samples.Hex("01000000 48000000"))));
        Assert.Throws<ProtocolViolationException>(() => joining.FromClient(BackEndScript.Envelope.Request(Samples.Hex("48000000"))));
    }

    [Fact]
    public void A_failed_connect_response_or_one_without_channels_is_the_back_ends_fault()
    {
        byte[][] responses =
        [
            McsEnvelope.Data(new McsConnectResponse([GccBlock.Of(GccBlockType.ServerNetwork, new ServerNetworkData(1003, []))]) { Result = 14 }),
            McsEnvelope.Data(new McsConnectResponse([])),
        ];
        foreach (var response in responses)
        {
            var sequence = ConnectionScripts.Advanced(BackEndSecurity.Clear, 1);
            _ = sequence.FromClient(((RdpClientOutput.Send)Client().Received(BackEndScript.Confirm(SecurityProtocols.Ssl))[1]).Frame);

            Assert.ThrowsAny<Exception>(() => sequence.FromServer(response));
            Assert.Equal("ExpectConnectResponse", sequence.StateName); // A throw changes nothing.
        }
    }

    [Theory]
    [InlineData(0, "ExpectConnectionRequest", Limits.X224Frame)]
    [InlineData(1, "ExpectConnectInitial", Limits.FrameBeforeLicensing)]
    [InlineData(2, "Joining", Limits.FrameBeforeLicensing)]
    [InlineData(int.MaxValue, "Licensing", Limits.FrameBeforeLicensing)]
    public void The_longest_frame_depends_on_the_phase(int steps, string state, int limit)
    {
        var sequence = ConnectionScripts.Advanced(BackEndSecurity.Clear, steps);

        Assert.Equal(state, sequence.StateName);
        Assert.Equal(limit, sequence.FrameLimit);
        Assert.False(sequence.Ended);
    }

    [Fact]
    public void After_licensing_every_frame_of_the_back_end_passes_fast_path_too()
    {
        var sequence = ConnectionScripts.InLicensing();
        sequence.LicensingEnded();

        Assert.True(sequence.Ended);
        Assert.Equal(Limits.TpktFrame, sequence.FrameLimit);
        Assert.IsType<FrameAction.Relay>(sequence.FromServer([0x00, 0x02]));
        Assert.Throws<ProtocolViolationException>(sequence.LicensingEnded);
    }

    [Fact]
    public void Licensing_cannot_end_before_it_began() =>
        Assert.Throws<ProtocolViolationException>(ConnectionScripts.Advanced(BackEndSecurity.Clear, 3).LicensingEnded);

    [Fact]
    public void A_frame_of_the_wrong_side_or_phase_is_a_violation_or_malformed()
    {
        Assert.Throws<ProtocolViolationException>(() => new ConnectionSequence(BackEndSecurity.Clear).FromServer(Request));
        Assert.Throws<WireFormatException>(() => new ConnectionSequence(BackEndSecurity.Clear).FromClient([0x00, 0x02]));
        Assert.Throws<WireFormatException>(() => new ConnectionSequence(BackEndSecurity.Clear).FromClient([.. Request, 0]));
        Assert.Throws<ProtocolViolationException>(
            () => ConnectionScripts.Advanced(BackEndSecurity.Clear, 3).FromClient(McsEnvelope.Data(new AttachUserConfirm(0, 1007))));
        Assert.Throws<ProtocolViolationException>(
            () => ConnectionScripts.InLicensing().FromClient(McsEnvelope.Data(new ChannelJoinRequest(1007, 1004))));
    }

    [Fact]
    public void Either_side_may_disconnect_at_any_time_after_the_connect_response()
    {
        foreach (var sequence in new[] { ConnectionScripts.Advanced(BackEndSecurity.Clear, 3), ConnectionScripts.InLicensing() })
        {
            Assert.IsType<FrameAction.Relay>(sequence.FromClient(McsEnvelope.Disconnect()));
            Assert.IsType<FrameAction.Relay>(sequence.FromServer(McsEnvelope.Disconnect()));
        }
    }

    [Fact]
    public void Random_frames_in_every_phase_throw_only_what_is_documented() =>
        Gen.Select(Gen.Byte, Gen.Select(Gen.Byte, Gen.Byte.Array[0, 60]).Array[1, 3]).Sample(
            (start, frames) => Oracles.Connection(
            [
                start,
                .. frames.SelectMany(frame => new byte[] { frame.Item1, 3, 0, 0, (byte)(frame.Item2.Length + 7), 2, 0xF0, 0x80 }.Concat(frame.Item2)),
            ]),
            iter: 400,
            threads: 1);

    private static RdpClientScript Client()
    {
        var client = new RdpClientScript(new());
        _ = client.Start();
        return client;
    }

    private static int[] Differences(byte[] first, byte[] second) =>
        [.. Enumerable.Range(0, first.Length).Where(i => first[i] != second[i])];
}
