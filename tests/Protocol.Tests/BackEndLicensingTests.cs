using CsCheck;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class BackEndLicensingTests
{
    private static readonly byte[] Random = [.. Enumerable.Range(0, BackEndLicensing.RandomLength).Select(i => (byte)i)];
    private static readonly McsEnvelope ToClient = new(1002, 1003);
    private static readonly McsEnvelope ToBackEnd = new(1008, 1003);

    [Fact]
    public void Xrdp_09_asks_is_answered_only_when_the_client_is_admitted_and_then_says_valid()
    {
        var licensing = new BackEndLicensing();

        var first = licensing.Step(Received(BackEndScript.LicenseRequest));
        var released = licensing.Step(new BackEndInput.Release(Random));
        var last = licensing.Step(Received(BackEndScript.ValidClientAlert));

        Assert.Equal(ToClient, Assert.IsType<BackEndOutput.StartExchange>(Assert.Single(first)).ToClient);
        var frame = Assert.IsType<BackEndOutput.Send>(Assert.Single(released)).Frame;
        var request = Pdu.Decode<SendDataRequest>(frame.AsSpan(7));
        Assert.Equal(ToBackEnd, new(request.Initiator, request.ChannelId));
        var answer = Assert.IsType<NewLicenseRequest>(Pdu.Decode<LicensingPdu>(request.UserData).Message);
        Assert.Equal(Random[..32], answer.ClientRandom);
        Assert.Equal(72, answer.EncryptedPremaster.Data.Length);
        Assert.Equal(BackEndEnd.Licensed, Assert.IsType<BackEndOutput.Finish>(Assert.Single(last)).End);
    }

    [Fact]
    public void Xrdp_010_says_valid_at_once_and_is_told_nothing()
    {
        var licensing = new BackEndLicensing();

        var first = licensing.Step(Received(BackEndScript.ValidClientAlert));
        var released = licensing.Step(new BackEndInput.Release(Random));

        Assert.IsType<BackEndOutput.StartExchange>(Assert.Single(first));
        Assert.Equal(BackEndEnd.Licensed, Assert.IsType<BackEndOutput.Finish>(Assert.Single(released)).End);
    }

    [Fact]
    public void A_back_end_that_challenges_is_not_supported()
    {
        Assert.Equal(BackEndEnd.NotSupported, EndOf(new BackEndLicensing(), BackEndScript.PlatformChallenge));

        var later = new BackEndLicensing();
        _ = later.Step(Received(BackEndScript.LicenseRequest));
        _ = later.Step(new BackEndInput.Release(Random));
        Assert.Equal(BackEndEnd.NotSupported, EndOf(later, BackEndScript.PlatformChallenge));
    }

    [Fact]
    public void A_back_end_that_sends_an_error_has_aborted()
    {
        Assert.Equal(BackEndEnd.Aborted, EndOf(new BackEndLicensing(), BackEndScript.Abort));

        var later = new BackEndLicensing();
        _ = later.Step(Received(BackEndScript.LicenseRequest));
        _ = later.Step(new BackEndInput.Release(Random));
        Assert.Equal(BackEndEnd.Aborted, EndOf(later, BackEndScript.Abort));
    }

    [Fact]
    public void Out_of_turn_is_a_violation()
    {
        var licensing = new BackEndLicensing();
        Assert.Throws<ProtocolViolationException>(() => licensing.Step(new BackEndInput.Release(Random)));
        _ = licensing.Step(Received(BackEndScript.LicenseRequest));
        Assert.Throws<ProtocolViolationException>(() => licensing.Step(Received(BackEndScript.LicenseRequest)));
        Assert.Throws<ArgumentOutOfRangeException>(() => licensing.Step(new BackEndInput.Release([])));
        _ = licensing.Step(new BackEndInput.Release(Random));
        Assert.Throws<ProtocolViolationException>(() => licensing.Step(Received(BackEndScript.LicenseRequest)));
        _ = licensing.Step(Received(BackEndScript.ValidClientAlert));
        Assert.Throws<ProtocolViolationException>(() => licensing.Step(Received(BackEndScript.ValidClientAlert)));
    }

    [Fact]
    public void A_clients_message_from_a_back_end_is_a_violation()
    {
        var message = BackEndScript.Envelope.Indication(Pdu.Encode(new LicensingPdu(NewLicenseRequest.Create(1, new byte[32], [], "", ""))));

        Assert.Throws<ProtocolViolationException>(() => new BackEndLicensing().Step(Received(message)));
    }

    [Fact]
    public void Random_bytes_are_malformed_or_a_violation() => Gen.Byte.Array[0, 60].Sample(Oracles.BackEnd, iter: 300, threads: 1);

    private static BackEndInput.Received Received(byte[] frame) =>
        new(new(Pdu.Decode<SendDataIndication>(frame.AsSpan(7)).UserData, ToClient, ToBackEnd));

    private static BackEndEnd EndOf(BackEndLicensing licensing, byte[] frame) =>
        Assert.IsType<BackEndOutput.Finish>(Assert.Single(licensing.Step(Received(frame)))).End;
}
