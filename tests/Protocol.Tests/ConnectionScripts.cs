using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Sequences brought to a state, between a scripted client and a scripted back end.</summary>
public static class ConnectionScripts
{
    /// <summary>A sequence that has seen the first <paramref name="steps"/> client frames of an ordinary connection, and the answers.</summary>
    public static ConnectionSequence Advanced(
        BackEndSecurity security, int steps, RdpClientOptions? options = null, ushort? messageChannel = null)
    {
        var sequence = new ConnectionSequence(security);
        var backEnd = new BackEndScript(BackEndForm.Xrdp09, security, messageChannel);
        var client = new RdpClientScript(options ?? new());
        var toServer = new Queue<byte[]>([client.Start()]);
        while (steps-- > 0 && sequence.StateName != "Licensing" && toServer.TryDequeue(out var frame))
        {
            frame = sequence.FromClient(frame) is FrameAction.RelayPatched patched ? patched.Frame : frame;
            if (sequence.StateName == "Licensing")
                break;
            foreach (var answer in backEnd.Answer(frame))
            {
                var toClient = sequence.FromServer(answer) switch
                {
                    FrameAction.StartTls tls => tls.Confirm,
                    FrameAction.RelayPatched other => other.Frame,
                    _ => answer,
                };
                foreach (var output in client.Received(toClient).OfType<RdpClientOutput.Send>())
                    toServer.Enqueue(output.Frame);
            }
        }

        return sequence;
    }

    public static ConnectionSequence InLicensing(RdpClientOptions? options = null, ushort? messageChannel = null)
    {
        var sequence = Advanced(BackEndSecurity.Clear, int.MaxValue, options, messageChannel);
        Assert.Equal("Licensing", sequence.StateName);
        return sequence;
    }
}
