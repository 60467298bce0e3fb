using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// The Connection Confirm that a back end of the configured kind gives: clients are answered with it before the back end is opened, so
/// that whoever only knocks never reaches it. What it confirms beside the protocol (extended client data) is what RDP hosts of the last
/// fifteen years confirm; one that does not is not supported.
/// </summary>
internal static class NegotiationAnswer
{
    private const byte ExtendedClientData = 1;

    /// <summary>The confirm in the back end's place.</summary>
    public static byte[] For(BackEndSecurity security)
        => McsEnvelope.Negotiation(new ConnectionConfirm(new ConnectionConfirm.Negotiation.Response(ExtendedClientData, Selected(security))));

    /// <summary>Whether the back end's own confirm promises what the client was told.</summary>
    public static bool IsExpected(ReadOnlySpan<byte> frame, BackEndSecurity security)
    {
        try
        {
            return Pdu.Decode<ConnectionConfirm>(frame[Framing.TpktHeaderLength..]).Result is ConnectionConfirm.Negotiation.Response confirmed
                && confirmed.SelectedProtocol == Selected(security) && (confirmed.Flags & ExtendedClientData) != 0;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }

    private static SecurityProtocols Selected(BackEndSecurity security)
        => security == BackEndSecurity.Tls ? SecurityProtocols.Ssl : SecurityProtocols.Rdp;
}
