using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>The driver of <see cref="ConnectionSequence"/>'s remarks, over queues instead of sockets.</summary>
public sealed class ScriptedGateway(
    RdpClientScript client, BackEndScript backEnd, BackEndSecurity security, Func<LicenseQuestion, LicenseDecision> decide)
{
    private readonly ConnectionSequence _sequence = new(security);
    private readonly BackEndLicensing _backEndLicensing = new();
    private readonly Queue<byte[]> _fromClient = new();
    private readonly Queue<byte[]> _fromBackEnd = new();
    private LicensingExchange? _exchange;
    private bool _exchangeDone;
    private bool _closed;

    public ConnectionFacts Facts => _sequence.Facts;

    public bool Ended => _sequence.Ended;

    public NegotiationRefusal? Refusal { get; private set; }

    public ExchangeEnd? ExchangeEnd { get; private set; }

    public BackEndEnd? BackEndEnd { get; private set; }

    public bool IsClientTls { get; private set; }

    public bool Waive { get; init; }

    /// <summary>Until the connection is closed or nobody has anything to say.</summary>
    public void Run()
    {
        _fromClient.Enqueue(client.Start());
        while (!_closed)
        {
            if (_fromClient.TryDequeue(out var frame))
                OnAction(_sequence.FromClient(frame), frame, fromClient: true);
            else if ((_exchange is null || _exchangeDone) && _fromBackEnd.TryDequeue(out frame))
                OnAction(_sequence.FromServer(frame), frame, fromClient: false);
            else
                return;
        }
    }

    private void OnAction(FrameAction action, byte[] frame, bool fromClient)
    {
        switch (action)
        {
            case FrameAction.Relay when fromClient:
                ToBackEnd(frame);
                break;
            case FrameAction.Relay:
                ToClient(frame);
                break;
            case FrameAction.RelayPatched patched when fromClient:
                ToBackEnd(patched.Frame);
                break;
            case FrameAction.RelayPatched patched:
                ToClient(patched.Frame);
                break;
            case FrameAction.StartTls tls:
                ToClient(tls.Confirm);
                break;
            case FrameAction.Refuse refuse:
                Refusal = refuse.Reason;
                ToClient(refuse.Answer);
                _closed = true;
                break;
            case FrameAction.WithholdBackEnd withheld:
                ForBackEnd(_backEndLicensing.Step(new BackEndInput.Received(withheld)));
                break;
            case FrameAction.ClientLicensing licensing:
                ForClient(_exchange!.Step(new ExchangeInput.Received(licensing.UserData)));
                break;
        }
    }

    private void ForBackEnd(IReadOnlyList<BackEndOutput> outputs)
    {
        foreach (var output in outputs)
        {
            switch (output)
            {
                case BackEndOutput.StartExchange start:
                    _exchange = new(new(Keys.Server, ExchangeScripts.Product, start.ToClient, _sequence.Facts.SupportsErrorInfo));
                    ForClient(_exchange.Step(Waive ? new ExchangeInput.Waive() : new ExchangeInput.Start(ExchangeScripts.Random)));
                    break;
                case BackEndOutput.Send send:
                    ToBackEnd(send.Frame);
                    break;
                case BackEndOutput.Finish finish:
                    BackEndEnd = finish.End;
                    if (finish.End == Sequences.BackEndEnd.Licensed)
                        _sequence.LicensingEnded();
                    else
                        _closed = true;
                    break;
            }
        }
    }

    private void ForClient(IReadOnlyList<ExchangeOutput> outputs)
    {
        foreach (var output in outputs)
        {
            switch (output)
            {
                case ExchangeOutput.Send send:
                    ToClient(send.Frame);
                    break;
                case ExchangeOutput.Ask ask:
                    ForClient(_exchange!.Step(new ExchangeInput.Decided(decide(ask.Question))));
                    break;
                case ExchangeOutput.Finish { Admitted: true } finish:
                    (ExchangeEnd, _exchangeDone) = (finish.End, true);
                    ForBackEnd(_backEndLicensing.Step(new BackEndInput.Release(new byte[BackEndLicensing.RandomLength])));
                    break;
                case ExchangeOutput.Finish finish:
                    (ExchangeEnd, _closed) = (finish.End, true);
                    break;
            }
        }
    }

    private void ToBackEnd(byte[] frame)
    {
        foreach (var answer in backEnd.Answer(frame))
            _fromBackEnd.Enqueue(answer);
    }

    private void ToClient(byte[] frame)
    {
        if (client.End is not null)
            return;
        foreach (var output in client.Received(frame))
        {
            switch (output)
            {
                case RdpClientOutput.Send send:
                    _fromClient.Enqueue(send.Frame);
                    break;
                case RdpClientOutput.StartTls:
                    Assert.False(IsClientTls);
                    IsClientTls = true;
                    break;
            }
        }
    }
}
