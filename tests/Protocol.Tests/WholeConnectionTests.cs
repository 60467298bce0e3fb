using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Client, gateway and back end from the first byte to Demand Active, all three as scripts; and what real ones sent, replayed.</summary>
public sealed class WholeConnectionTests
{
    private static readonly byte[] License = [9, 8, 7];

    public static MatrixTheoryData<ClientForm, BackEndForm, BackEndSecurity> Pairs { get; } =
        new([ClientForm.FreeRdp, ClientForm.Rdesktop], [BackEndForm.Xrdp09, BackEndForm.Xrdp010], [BackEndSecurity.Clear, BackEndSecurity.Tls]);

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_new_client_is_licensed_and_reaches_the_desktop(ClientForm form, BackEndForm backEndForm, BackEndSecurity security)
    {
        var client = new RdpClientScript(new() { Licensing = new() { Form = form } });
        var backEnd = new BackEndScript(backEndForm, security);

        var gateway = Run(client, backEnd, security, _ => new LicenseDecision.Granted(License));

        Assert.Equal(RdpClientEnd.DemandActive, client.End);
        Assert.Equal(License, client.Licensing.StoredLicense);
        Assert.Equal(ExchangeEnd.NewLicense, gateway.ExchangeEnd);
        Assert.Equal(BackEndEnd.Licensed, gateway.BackEndEnd);
        Assert.True(gateway.Ended);
        Assert.True(gateway.IsClientTls);
        var onIoChannel = backEnd.Received.Where(received => received.StartsWith("64 1003", StringComparison.Ordinal));
        Assert.Equal(backEndForm == BackEndForm.Xrdp09 ? ["64 1003 40", "64 1003 80"] : ["64 1003 40"], onIoChannel);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_client_that_comes_back_with_its_license_is_admitted(ClientForm form, BackEndForm backEndForm, BackEndSecurity security)
    {
        var client = new RdpClientScript(new() { Licensing = new() { Form = form, StoredLicense = License } });

        var gateway = Run(client, new(backEndForm, security), security, _ => new LicenseDecision.Accepted());

        Assert.Equal(RdpClientEnd.DemandActive, client.End);
        Assert.Equal(ExchangeEnd.ValidClient, gateway.ExchangeEnd);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_refused_client_gets_nothing_of_the_back_end_and_the_back_end_nothing_of_it(
        ClientForm form, BackEndForm backEndForm, BackEndSecurity security)
    {
        var client = new RdpClientScript(new() { Licensing = new() { Form = form } });
        var backEnd = new BackEndScript(backEndForm, security);

        var gateway = Run(client, backEnd, security, _ => new LicenseDecision.Refused(LicensingErrorCode.InvalidClient, ErrorInfoCode.NoLicense));

        Assert.Equal(RdpClientEnd.LicenseRefused, client.End);
        Assert.Equal(LicensingErrorCode.InvalidClient, client.Licensing.Alert);
        Assert.Equal(ErrorInfoCode.NoLicense, client.ErrorInfo);
        Assert.Equal(ExchangeEnd.Refused, gateway.ExchangeEnd);
        Assert.False(gateway.Ended);
        Assert.Equal("64 1003 40", backEnd.Received[^1]); // Client Info was the last thing it heard.
    }

    [Fact]
    public void A_client_without_error_info_gets_the_alert_alone()
    {
        var client = new RdpClientScript(new() { SupportsErrorInfo = false });

        _ = Run(client, new(BackEndForm.Xrdp09), BackEndSecurity.Clear, _ => new LicenseDecision.Refused(LicensingErrorCode.NoLicenseServer, ErrorInfoCode.NoLicenseServer));

        Assert.Equal(LicensingErrorCode.NoLicenseServer, client.Licensing.Alert);
        Assert.Null(client.ErrorInfo);
    }

    [Fact]
    public void An_administrative_session_is_let_through_without_licensing()
    {
        var client = new RdpClientScript(new() { Administrative = true, Licensing = new() { StoredLicense = License } });
        var gateway = new ScriptedGateway(client, new(BackEndForm.Xrdp09), BackEndSecurity.Clear, _ => throw new InvalidOperationException()) { Waive = true };

        gateway.Run();

        Assert.True(gateway.Facts.AsksForAdministrativeSession);
        Assert.Equal(RdpClientEnd.DemandActive, client.End);
        Assert.Equal([LicensingMessageType.ErrorAlert], client.Licensing.Received);
    }

    [Fact]
    public void A_back_end_that_licenses_for_itself_is_found_out_after_the_clients_exchange()
    {
        var client = new RdpClientScript(new());

        var gateway = Run(client, new(BackEndForm.Licensing), BackEndSecurity.Clear, _ => new LicenseDecision.Granted(null));

        Assert.Equal(BackEndEnd.NotSupported, gateway.BackEndEnd);
        Assert.False(gateway.Ended);
        Assert.Null(client.End);
    }

    [Fact]
    public void A_back_end_that_refuses_ends_it_before_the_client_is_asked_anything()
    {
        var client = new RdpClientScript(new());

        var gateway = Run(client, new(BackEndForm.Refusing), BackEndSecurity.Clear, _ => throw new InvalidOperationException());

        Assert.Equal(BackEndEnd.Aborted, gateway.BackEndEnd);
        Assert.Empty(client.Licensing.Received);
    }

    [Fact]
    public void A_back_end_that_skips_licensing_is_a_violation()
    {
        var client = new RdpClientScript(new());
        var gateway = new ScriptedGateway(client, new(BackEndForm.Skipping), BackEndSecurity.Clear, _ => throw new InvalidOperationException());

        Assert.Throws<ProtocolViolationException>(gateway.Run);
    }

    [Fact]
    public void Without_tls_nothing_reaches_the_back_end()
    {
        var client = new RdpClientScript(new() { RequestedProtocols = null });
        var backEnd = new BackEndScript(BackEndForm.Xrdp09);

        var gateway = Run(client, backEnd, BackEndSecurity.Clear, _ => throw new InvalidOperationException());

        Assert.Equal(NegotiationRefusal.TlsRequired, gateway.Refusal);
        Assert.Equal(NegotiationFailureCode.SslRequiredByServer, client.NegotiationFailure);
        Assert.Empty(backEnd.Received);
    }

    [Theory]
    [InlineData("xfreerdp-2.11-new-license-xrdp-0.9", false, "vm", 18363, 2)]
    [InlineData("xfreerdp-2.11-admin-license-info-xrdp-0.9", true, "vm", 18363, 2)]
    [InlineData("rdesktop-1.9-new-license-xrdp-0.9", false, "LAPTOP-7", 2600, 2)]
    [InlineData("rdesktop-1.9-license-info-xrdp-0.9", false, "LAPTOP-7", 2600, 2)]
    [InlineData("xfreerdp-2.11-tls-back-end", false, "vm", 18363, 2)]
    [InlineData("rdesktop-1.9-tls-back-end", false, "LAPTOP-7", 2600, 2)]
    public void Real_connections_are_understood(string name, bool administrative, string clientName, uint build, int clientLicensing)
    {
        var sequence = new ConnectionSequence(
            name.EndsWith("tls-back-end", StringComparison.Ordinal) ? BackEndSecurity.Tls : BackEndSecurity.Clear);
        var actions = new List<FrameAction>();

        foreach (var (fromClient, frame) in Corpora.Frames(name))
        {
            if (actions.OfType<FrameAction.WithholdBackEnd>().Count() == 2 && !sequence.Ended)
                sequence.LicensingEnded();
            actions.Add(fromClient ? sequence.FromClient(frame) : sequence.FromServer(frame));
        }

        Assert.True(sequence.Ended);
        Assert.Equal(clientLicensing, actions.OfType<FrameAction.ClientLicensing>().Count());
        Assert.Single(actions.OfType<FrameAction.StartTls>());
        Assert.Equal(administrative, sequence.Facts.AsksForAdministrativeSession);
        Assert.Equal(clientName, sequence.Facts.ClientName);
        Assert.Equal(build, sequence.Facts.ClientBuild);
        Assert.Equal("alice", sequence.Facts.UserName);
        Assert.True(sequence.Facts.SupportsErrorInfo);
        Assert.Equal(sequence.Facts.UserChannelId, actions.OfType<FrameAction.WithholdBackEnd>().First().ToClient.Initiator);
    }

    private static ScriptedGateway Run(
        RdpClientScript client, BackEndScript backEnd, BackEndSecurity security, Func<LicenseQuestion, LicenseDecision> decide)
    {
        var gateway = new ScriptedGateway(client, backEnd, security, decide);
        gateway.Run();
        return gateway;
    }
}
