using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Files;

namespace Ostiary.Clearinghouse.Doors;

/// <summary>What both roles' servers share: a builder that reads nothing of the process's surroundings, limits, and sockets with mode 0600.</summary>
internal static class Listeners
{
    /// <summary>Bytes of a request's body, on every route.</summary>
    public const int MaxBodyLength = 64 * 1024;

    private const int MaxHeaderLength = 16 * 1024;
    private const int MaxConnections = 1000;

    /// <summary>
    /// No configuration files, no environment variables, no signal handlers: those are the program's, and several roles may live in one process.
    /// </summary>
    public static WebApplicationBuilder CreateBuilder(TimeProvider time, Action<ILoggingBuilder> logging, Action<KestrelServerOptions> doors)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(time);
        builder.Services.AddRoutingCore();
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = Bind);
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = MaxBodyLength;
            server.Limits.MaxRequestHeadersTotalSize = MaxHeaderLength;
            server.Limits.MaxConcurrentConnections = MaxConnections;
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            server.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
            doors(server);
        });
        return builder;
    }

    /// <summary>Removes the socket that a crashed process left.</summary>
    /// <exception cref="IOException">A process listens on it.</exception>
    public static void RemoveStaleSocket(string path)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"a process listens on {path}");
    }

    // Between bind and listen nobody can connect, so that the mode is right before the first connection.
    private static Socket Bind(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is UnixDomainSocketEndPoint unix)
            File.SetUnixFileMode(unix.ToString()!, PrivateFile.OwnerOnly);
        return socket;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
