using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;
using Ostiary.SessionHost.Gateway;

namespace Ostiary.SessionHost.Diagnosis;

/// <summary>Looks at the RDP host behind as a connection would, up to its Connection Confirm, and for ways around the gateway.</summary>
internal sealed class BackEndProbe(SessionHostOptions options, BackEndConnector connector, RdpTransport transport, TimeProvider time)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KnockTime = TimeSpan.FromMilliseconds(500);

    /// <summary>What connecting fails with, or that it answers with another security.</summary>
    public async Task<(string? Unreachable, bool OtherSecurity)> AskAsync(CancellationToken cancellation)
    {
        if (BackEndAddress.TryParse(options.BackEnd, options.BackEndFingerprint, out var address, out _) && address is BackEndAddress.Unix { Path: var path } && !File.Exists(path))
            return ($"{path} is not there.", false);
        using var limit = new CancellationTokenSource(AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var socket = await connector.ConnectAsync(either.Token).ConfigureAwait(false);
            using var stream = new SocketStream(socket);
            using var peer = new Peer(stream, PeerReasons.BackEnd, either.Token);
            var asks = connector.Security == BackEndSecurity.Tls ? SecurityProtocols.Ssl : SecurityProtocols.Rdp;
            await peer.WriteAsync(McsEnvelope.Negotiation(new ConnectionRequest { Negotiation = new(NegotiationRequestFlags.None, asks) })).ConfigureAwait(false);
            var confirm = await peer.ReadExactFrameAsync(Limits.X224Frame).ConfigureAwait(false);
            return (null, !NegotiationAnswer.IsExpected(confirm, connector.Security));
        }
        catch (SessionEndedException ended)
        {
            return ($"{connector.Name}: {ended.InnerException?.Message ?? ended.Reason.ToString()}.", false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ($"{connector.Name}: nothing comes back within {AnswerTime.TotalSeconds:0} s.", false);
        }
    }

    /// <summary>The ways around the gateway that are open.</summary>
    public async Task<BackEndFacts> WithWaysAroundAsync(BackEndFacts facts, CancellationToken cancellation)
    {
        if (!BackEndAddress.TryParse(options.BackEnd, options.BackEndFingerprint, out var address, out _))
            return facts;
        if (address is BackEndAddress.Tls tls)
            return facts with { OpenAt = IsThisMachineAlone(tls.Host) ? await FindOpenAsync(tls.Port, cancellation).ConfigureAwait(false) : null };
        var path = ((BackEndAddress.Unix)address).Path;
        List<int> ports = [];
        foreach (var port in XrdpSections.TcpPorts(options.XrdpSettings).Where(port => port != transport.Bound?.Port))
            if (await AnswersAsync(new(IPAddress.Loopback, port), cancellation).ConfigureAwait(false))
                ports.Add(port);
        return facts with { XrdpPorts = ports, OpenSocket = File.Exists(path) && IsOpenToAll(path) ? path : null };
    }

    private static bool IsThisMachineAlone(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private async Task<IPEndPoint?> FindOpenAsync(int port, CancellationToken cancellation)
    {
        foreach (var own in OwnAddresses())
            if (await AnswersAsync(new(own, port), cancellation).ConfigureAwait(false))
                return new(own, port);
        return null;
    }

    // Whoever may write to the socket and enter every folder above it can connect.
    private static bool IsOpenToAll(string path)
    {
        if ((File.GetUnixFileMode(path) & UnixFileMode.OtherWrite) == 0)
            return false;
        for (var folder = Path.GetDirectoryName(path); folder is { Length: > 1 }; folder = Path.GetDirectoryName(folder))
            if ((File.GetUnixFileMode(folder) & UnixFileMode.OtherExecute) == 0)
                return false;
        return true;
    }

    private static IEnumerable<IPAddress> OwnAddresses()
        => NetworkInterface.GetAllNetworkInterfaces().Where(card => card.OperationalStatus == OperationalStatus.Up)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
            .Where(own => !IPAddress.IsLoopback(own) && !own.IsIPv6LinkLocal);

    private async Task<bool> AnswersAsync(IPEndPoint place, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(KnockTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(place, either.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception silent) when (silent is SocketException || (silent is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }
}
