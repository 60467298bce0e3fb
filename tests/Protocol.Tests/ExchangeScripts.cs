using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Drives a <see cref="LicensingExchange"/> against a scripted client.</summary>
public static class ExchangeScripts
{
    public static LicensedProduct Product { get; } = new(0x000A_0000, "Ostiary", "A02", "ostiary.example");

    public static McsEnvelope Envelope { get; } = new(1007, 1003);

    public static ExchangeRandom Random { get; } = new([.. Enumerable.Range(100, ExchangeRandom.Length).Select(i => (byte)i)]);

    public static LicensingExchange Create(bool errorInfo = true) => new(new(Keys.Server, Product, Envelope, errorInfo));

    public static LicensingExchange Started(out LicensingPdu request, bool errorInfo = true)
    {
        var exchange = Create(errorInfo);
        request = LicensingIn(Assert.IsType<ExchangeOutput.Send>(Assert.Single(exchange.Step(new ExchangeInput.Start(Random)))));
        return exchange;
    }

    /// <summary>The licensing PDU inside a frame to the client; checks the headers.</summary>
    public static LicensingPdu LicensingIn(ExchangeOutput.Send send) => Pdu.Decode<LicensingPdu>(UserDataIn(send.Frame));

    public static byte[] UserDataIn(byte[] frame)
    {
        Assert.True(Framing.TryReadFrame(frame, out var header));
        Assert.Equal(frame.Length, header.Length);
        var indication = Pdu.Decode<SendDataIndication>(frame.AsSpan(7));
        Assert.Equal(Envelope, new(indication.Initiator, indication.ChannelId));
        return indication.UserData;
    }

    /// <summary>Runs to the end. Each question is answered by <paramref name="decide"/>; client PDUs pass through <paramref name="tamper"/>.</summary>
    public static ExchangeRun Run(
        LicensingClientScript client,
        Func<LicenseQuestion, LicenseDecision> decide,
        Func<LicensingPdu, byte[]>? tamper = null,
        bool errorInfo = true)
    {
        var exchange = Create(errorInfo);
        var run = new ExchangeRun();
        var inputs = new Queue<ExchangeInput>([new ExchangeInput.Start(Random)]);
        while (inputs.TryDequeue(out var input))
        {
            foreach (var output in exchange.Step(input))
            {
                switch (output)
                {
                    case ExchangeOutput.Send send when send.What == nameof(SetErrorInfo):
                        run.ErrorInfo = Pdu.Decode<SetErrorInfo>(UserDataIn(send.Frame)).Code;
                        run.Sent.Add(send.What);
                        break;
                    case ExchangeOutput.Send send when send.What == nameof(DisconnectProviderUltimatum):
                        run.Sent.Add(send.What);
                        break;
                    case ExchangeOutput.Send send:
                        run.Sent.Add(send.What);
                        if (client.Answer(LicensingIn(send)) is { } answer)
                            inputs.Enqueue(new ExchangeInput.Received(tamper is null ? Pdu.Encode(answer) : tamper(answer)));
                        break;
                    case ExchangeOutput.Ask ask:
                        run.Questions.Add(ask.Question);
                        inputs.Enqueue(new ExchangeInput.Decided(decide(ask.Question)));
                        break;
                    case ExchangeOutput.Finish finish:
                        run.Finish = finish;
                        break;
                }
            }
        }

        return run;
    }

    /// <summary>An exchange in each state in which a client may send something.</summary>
    public static IEnumerable<LicensingExchange> AtEveryState()
    {
        yield return Started(out _);

        var challenged = Started(out var request);
        var client = new LicensingClientScript(new());
        var challenge = challenged.Step(Received(client.Answer(request)));
        yield return challenged;

        var asked = Started(out request);
        client = new LicensingClientScript(new());
        challenge = asked.Step(Received(client.Answer(request)));
        _ = asked.Step(Received(client.Answer(LicensingIn((ExchangeOutput.Send)challenge[0]))));
        yield return asked;

        var presented = Started(out request);
        _ = presented.Step(Received(new LicensingClientScript(new() { StoredLicense = [1] }).Answer(request)));
        yield return presented;
    }

    public static ExchangeInput.Received Received(LicensingPdu? pdu) => new(Pdu.Encode(pdu!));
}

/// <summary>What happened in one exchange.</summary>
public sealed class ExchangeRun
{
    public List<string> Sent { get; } = [];

    public List<LicenseQuestion> Questions { get; } = [];

    public ExchangeOutput.Finish? Finish { get; set; }

    public ErrorInfoCode? ErrorInfo { get; set; }
}
