using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// Kestrel's handler for the RDP endpoint: a place, a number, a clock, and the connection. When the role stops, connections that are not
/// past licensing end at once and sessions when the drain time is over.
/// </summary>
internal sealed class GatewayHandler : ConnectionHandler
{
    private readonly Admission _admission;
    private readonly GatewayServices _services;
    private readonly Drain _drain;

    public GatewayHandler(Admission admission, GatewayServices services, Drain drain) => (_admission, _services, _drain) = (admission, services, drain);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket
            ?? throw new InvalidOperationException($"the RDP endpoint needs {nameof(RdpTransport)}");
        if (connection.RemoteEndPoint is not IPEndPoint remote)
            return;
        var address = remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address;
        using var deadline = new Deadline(_services.Time);
        using var ticket = _admission.TryEnter(address, () => deadline.End(SessionEndReason.Displaced));
        if (ticket is null)
        {
            _services.Metrics.ConnectionEnded(SessionEndReason.TooManyConnections);
            return;
        }

        var id = _services.Store.NextSession();
        using var stopping = _drain.Over.Register(() => deadline.End(SessionEndReason.HostStopping));
        using var client = new ClientConnection(id, socket, address, ticket, deadline, _services);
        var reason = SessionEndReason.InternalError;
        try
        {
            reason = await client.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            _services.Metrics.ConnectionEnded(reason);
            Log.ConnectionEnded(_services.Logger, id, reason);
        }
    }
}

/// <summary>The end of the role: sessions may go on for the drain time.</summary>
internal sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenRegistration _registration;
    private ITimer? _timer;

    public Drain(IHostApplicationLifetime lifetime, SessionHostOptions options, TimeProvider time, ILogger<Drain> logger)
        => _registration = lifetime.ApplicationStopping.Register(() =>
        {
            if (options.DrainTime <= TimeSpan.Zero)
            {
                _over.Cancel();
                return;
            }

            Log.Draining(logger, options.DrainTime);
            _timer = time.CreateTimer(_ => _over.Cancel(), null, options.DrainTime, Timeout.InfiniteTimeSpan);
        });

    /// <summary>Cancelled when sessions are to end.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _timer?.Dispose();
        _over.Dispose();
    }
}
