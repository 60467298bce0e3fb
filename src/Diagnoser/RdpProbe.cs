using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;

namespace Ostiary.Diagnoser;

/// <summary>How far an RDP client comes at a host.</summary>
public enum RdpProgress
{
    /// <summary>Nothing answers at the port.</summary>
    Unreachable,

    /// <summary>What answers is not RDP.</summary>
    NotRdp,

    /// <summary>It speaks RDP and does not offer TLS.</summary>
    NoTls,

    /// <summary>TLS is done; no further was looked.</summary>
    Secured,

    /// <summary>It asks for a CAL, and is Ostiary.</summary>
    AsksForCal,

    /// <summary>It lets the client pass without asking: a per-user host of Ostiary, or an RDP host that does not license.</summary>
    PassesWithoutAsking,

    /// <summary>It begins licensing, and is not Ostiary.</summary>
    OtherLicensing,
}

/// <summary>What an RDP client sees before any logon.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Progress">How far it comes.</param>
/// <param name="Detail">What stopped it, in words.</param>
/// <param name="Fingerprint">The key of the certificate that was shown; null before TLS.</param>
/// <param name="CertificateUntil">The end of that certificate.</param>
public sealed record RdpObservation(string Host, int Port, RdpProgress Progress, string Detail, string? Fingerprint = null, DateTimeOffset? CertificateUntil = null);

/// <summary>
/// Connects as an RDP client does, up to the first licensing message, and leaves: nobody logs on, no CAL is asked for, and the grace period does not begin.
/// </summary>
public static class RdpProbe
{
    private const string Product = "Ostiary";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="toLicensing">False: no further than TLS, so that nothing behind the gateway is opened.</param>
    /// <param name="cancellation">To give up.</param>
    public static async Task<RdpObservation> LookAsync(string host, int port, bool toLicensing, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        var seen = new RdpObservation(host, port, RdpProgress.Unreachable, "nothing answers");
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, limit.Token).ConfigureAwait(false);
            seen = seen with { Progress = RdpProgress.NotRdp, Detail = "it closes, or says nothing, when it is spoken to in RDP" };
            using var plain = new NetworkStream(socket);
            await plain.WriteAsync(McsEnvelope.Negotiation(new ConnectionRequest { Negotiation = new(NegotiationRequestFlags.None, SecurityProtocols.Ssl) }), limit.Token).ConfigureAwait(false);
            var confirm = Pdu.Decode<ConnectionConfirm>((await ReadFrameAsync(plain, Limits.X224Frame, limit.Token).ConfigureAwait(false)).AsSpan(Framing.TpktHeaderLength));
            if (confirm.Result is not ConnectionConfirm.Negotiation.Response { SelectedProtocol: SecurityProtocols.Ssl })
                return seen with { Progress = RdpProgress.NoTls, Detail = confirm.Result is ConnectionConfirm.Negotiation.Failure failure ? $"it answers {failure.Code}" : "it chooses standard RDP security" };
            seen = seen with { Progress = RdpProgress.NoTls, Detail = "the TLS handshake fails" };
            var tls = new SslStream(plain, leaveInnerStreamOpen: true);
            await using (tls.ConfigureAwait(false))
            {
                var shown = await SecureAsync(tls, host, limit.Token).ConfigureAwait(false);
                seen = seen with { Progress = RdpProgress.Secured, Detail = "it speaks RDP with TLS", Fingerprint = KeyFingerprint.Of(shown).Hex, CertificateUntil = shown.NotAfter.ToUniversalTime() };
                return toLicensing ? await LicenseAsync(seen, tls, limit.Token).ConfigureAwait(false) : seen;
            }
        }
        catch (SocketException failure)
        {
            return seen with { Detail = failure.Message };
        }
        catch (Exception broken) when (broken is WireFormatException or ProtocolViolationException or EndOfStreamException or IOException or AuthenticationException)
        {
            return seen with { Detail = $"{seen.Detail}; {broken.Message.TrimEnd('.')}" };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return seen with { Detail = $"{seen.Detail}, within {Limit.TotalSeconds:0} s" };
        }
    }

    private static async Task<X509Certificate2> SecureAsync(SslStream tls, string host, CancellationToken cancellation)
    {
        X509Certificate2? shown = null;
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = System.Net.IPAddress.TryParse(host, out _) ? "" : host,
#pragma warning disable CA5359 // It looks at the certificate and sends nothing that is a secret: whose it is, the finding says.
                RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = certificate as X509Certificate2) is not null,
#pragma warning restore CA5359
            },
            cancellation).ConfigureAwait(false);
        return shown ?? throw new AuthenticationException("no certificate was shown");
    }

    private static async Task<RdpObservation> LicenseAsync(RdpObservation seen, Stream tls, CancellationToken cancellation)
    {
        await SendAsync(new McsConnectInitial(Blocks())).ConfigureAwait(false);
        var network = Pdu.Decode<McsConnectResponse>(await ReceiveAsync().ConfigureAwait(false)).Network ?? throw new WireFormatException("SC_NET", 0, "missing");
        await SendAsync(new ErectDomainRequest([1, 0, 1, 0])).ConfigureAwait(false);
        await SendAsync(new AttachUserRequest()).ConfigureAwait(false);
        var user = Pdu.Decode<AttachUserConfirm>(await ReceiveAsync().ConfigureAwait(false)).UserChannelId ?? throw new WireFormatException("AttachUserConfirm", 0, "no user channel");
        foreach (var channel in new[] { user, network.IoChannelId })
        {
            await SendAsync(new ChannelJoinRequest(user, channel)).ConfigureAwait(false);
            _ = Pdu.Decode<ChannelJoinConfirm>(await ReceiveAsync().ConfigureAwait(false));
        }

        var info = new ClientInfo
        {
            Flags = ClientInfoFlags.Mouse | ClientInfoFlags.DisableCtrlAltDel | ClientInfoFlags.Unicode | ClientInfoFlags.MaximizeShell | ClientInfoFlags.LogonNotify,
            UserName = "",
            Domain = "",
            Extended = new() { AddressFamily = 2, Address = "0.0.0.0", Directory = "", Trailing = new byte[172 + 4 + 4 + 2] },
        };
        await tls.WriteAsync(new McsEnvelope(user, network.IoChannelId).Request([.. Pdu.Encode(new SecurityHeader(SecurityFlags.InfoPacket)), .. info.EncodeWithPassword("")]), cancellation).ConfigureAwait(false);
        while (true)
        {
            var data = Pdu.Decode<SendDataIndication>(await ReceiveAsync().ConfigureAwait(false));
            if (data.ChannelId != network.IoChannelId || !LicensingPdu.IsLicensing(data.UserData))
                continue;
            return Pdu.Decode<LicensingPdu>(data.UserData).Message switch
            {
                LicenseRequest { Product.CompanyName: Product } => seen with { Progress = RdpProgress.AsksForCal, Detail = "it asks for a CAL" },
                LicenseRequest { Product.CompanyName: var company } => seen with { Progress = RdpProgress.OtherLicensing, Detail = $"it begins licensing as \"{company}\"" },
                ErrorAlert { ErrorCode: LicensingErrorCode.ValidClient } => seen with { Progress = RdpProgress.PassesWithoutAsking, Detail = "it tells the client that its license is good, without having asked for one" },
                ErrorAlert alert => seen with { Progress = RdpProgress.OtherLicensing, Detail = $"it ends licensing with {alert.ErrorCode}" },
                var other => seen with { Progress = RdpProgress.OtherLicensing, Detail = $"it begins licensing with {other.GetType().Name}" },
            };
        }

        ValueTask SendAsync<T>(T pdu)
            where T : IPdu<T>
            => tls.WriteAsync(McsEnvelope.Data(pdu), cancellation);

        async Task<byte[]> ReceiveAsync() => (await ReadFrameAsync(tls, Limits.TpktFrame, cancellation).ConfigureAwait(false))[(Framing.TpktHeaderLength + new X224Data().Size)..];
    }

    private static IReadOnlyList<GccBlock> Blocks() =>
    [
        GccBlock.Of(GccBlockType.ClientCore, new ClientCoreData
        {
            DesktopWidth = 1024,
            DesktopHeight = 768,
            KeyboardLayout = 0x409,
            ClientBuild = 18363,
            ClientName = "ostiary-diagnose",
            KeyboardType = 4,
            KeyboardFunctionKey = 12,
            PostBeta2ColorDepth = 0xCA01,
            ClientProductId = 1,
            SerialNumber = 0,
            HighColorDepth = 24,
            SupportedColorDepths = 7,
            EarlyCapabilityFlags = EarlyCapabilityFlags.SupportErrorInfoPdu,
            ClientDigProductId = "",
            ConnectionType = 0,
            ServerSelectedProtocol = SecurityProtocols.Ssl,
        }),
        GccBlock.Of(GccBlockType.ClientCluster, new ClientClusterData(0x0D, 0)),
        GccBlock.Of(GccBlockType.ClientSecurity, new ClientSecurityData(0, 0)),
        GccBlock.Of(GccBlockType.ClientNetwork, new ClientNetworkData([])),
    ];

    // Whole frames, not a byte more; the limit is checked on the header, before anything is made for the body.
    private static async Task<byte[]> ReadFrameAsync(Stream stream, int most, CancellationToken cancellation)
    {
        var start = new byte[Framing.TpktHeaderLength];
        var length = 0;
        FrameHeader header;
        while (!Framing.TryReadHeader(start.AsSpan(0, length), most, out header))
        {
            await stream.ReadExactlyAsync(start.AsMemory(length, 1), cancellation).ConfigureAwait(false);
            length++;
        }

        if (header.Kind != FrameKind.Tpkt)
            throw new WireFormatException("TPKT", 0, "a fast-path frame before the logon");
        var frame = new byte[header.Length];
        start.AsSpan(0, length).CopyTo(frame);
        await stream.ReadExactlyAsync(frame.AsMemory(length), cancellation).ConfigureAwait(false);
        return frame;
    }
}
