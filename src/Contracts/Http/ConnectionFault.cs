using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Ostiary.Contracts.Http;

/// <summary>At which step a server could not be reached; the kebab-case names are stable.</summary>
public enum ConnectionFault
{
    /// <summary>Something else; the text says what.</summary>
    Other,

    /// <summary>Its name has no address.</summary>
    Name,

    /// <summary>No way leads to its network.</summary>
    Route,

    /// <summary>The machine is there, and nothing listens at the port, or a firewall refuses.</summary>
    Port,

    /// <summary>Nothing came back in time.</summary>
    NoAnswer,

    /// <summary>The proxy refuses, or asks for a password.</summary>
    Proxy,

    /// <summary>Something answers that is not TLS, or breaks off within it.</summary>
    Tls,

    /// <summary>TLS works, and the certificate is not trusted: another server's, or an intercepting proxy's.</summary>
    Certificate,

    /// <summary>The certificate is the right one, and does not hold at this machine's time.</summary>
    Clock,
}

/// <summary>Tells the faults of a connection apart, and says each with its way on.</summary>
public static class ConnectionFaults
{
    public static (ConnectionFault Fault, string Text) Describe(HttpRequestException failure, Uri server)
    {
        var host = server.Host;
        switch (failure.HttpRequestError)
        {
            case HttpRequestError.NameResolutionError:
                return (ConnectionFault.Name, $"name: {host} is not found; check the name and this machine's DNS");
            case HttpRequestError.ProxyTunnelError:
                return (ConnectionFault.Proxy, $"proxy: {Proxy(failure)}; check HTTPS_PROXY, or name the server in NO_PROXY");
        }

        return (Find<SocketException>(failure), Find<AuthenticationException>(failure)) switch
        {
            ({ SocketErrorCode: SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown or SocketError.HostDown } socket, _)
                => (ConnectionFault.Route, $"route: no way leads to {host}: {socket.Message}; check this machine's network"),
            ({ SocketErrorCode: SocketError.ConnectionRefused }, _)
                => (ConnectionFault.Port, $"port: {host} is there, and nothing answers at port {server.Port}; check the port, and firewalls in between"),
            ({ SocketErrorCode: SocketError.TimedOut }, _)
                => (ConnectionFault.NoAnswer, $"no answer: nothing comes back from {host}, port {server.Port}; a firewall may drop it"),
            (_, WrongTimeException wrong) => (ConnectionFault.Clock, $"clock: {wrong.Message}; set this machine's clock"),
            (_, { } tls) when tls.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase)
                => (ConnectionFault.Certificate, $"certificate: {host} shows one that is neither trusted here nor of the publisher's root: something in between may open TLS, or the root file is another publisher's ({Innermost(tls).Message})"),
            (_, { } tls) => (ConnectionFault.Tls, $"TLS: {host}, port {server.Port}, does not speak it, or breaks it off ({Innermost(tls).Message})"),
            _ when failure.HttpRequestError == HttpRequestError.SecureConnectionError
                => (ConnectionFault.Tls, $"TLS: {host}, port {server.Port}, does not speak it, or breaks it off ({Innermost(failure).Message})"),
            _ => (ConnectionFault.Other, $"{server} cannot be reached: {Innermost(failure).Message}"),
        };
    }

    private static string Proxy(HttpRequestException failure)
        => failure.StatusCode == HttpStatusCode.ProxyAuthenticationRequired || failure.Message.Contains("407", StringComparison.Ordinal)
            ? "it asks for a name and a password"
            : $"it does not let us through ({failure.Message})";

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
            if (exception is T found)
                return found;
        return null;
    }

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
            exception = inner;
        return exception;
    }
}
