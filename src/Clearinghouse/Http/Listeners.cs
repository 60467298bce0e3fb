using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Http;

/// <summary>What both roles' servers share: a builder that reads nothing of the process's surroundings, limits, and sockets with mode 0600.</summary>
internal static class Listeners
{
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
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = UnixListener.Bind);
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = Json.BodyLimit;
            server.Limits.MaxRequestHeadersTotalSize = MaxHeaderLength;
            server.Limits.MaxConcurrentConnections = MaxConnections;
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            server.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
            doors(server);
        });
        return builder;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
