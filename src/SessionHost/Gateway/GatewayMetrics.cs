using System.Diagnostics.Metrics;
using Ostiary.Contracts.Http;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// Meter <c>Ostiary.SessionHost</c>: <c>connections.ended</c> by outcome, <c>connections.admitted</c> by row, <c>refusals</c> by reason,
/// <c>licensing.time</c> (seconds), of which <c>licensing.client.time</c> is the client's, <c>back-end.open.time</c> (seconds),
/// <c>sessions.active</c>, <c>relay.bytes</c> by direction. What the license servers take is in .NET's own
/// <c>http.client.request.duration</c> (meter System.Net.Http), by address.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Ostiary.SessionHost";
    private static readonly KeyValuePair<string, object?> ToBackEndTag = new("direction", "to-back-end");
    private static readonly KeyValuePair<string, object?> ToClientTag = new("direction", "to-client");

    private readonly Meter _meter;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _admitted;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _licensing;
    private readonly Histogram<double> _licensingClient;
    private readonly Histogram<double> _backEndOpen;
    private readonly UpDownCounter<int> _sessions;
    private readonly Counter<long> _bytes;
    private long _admittedTotal;
    private long _refusedTotal;
    private int _active;

    public GatewayMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _ended = _meter.CreateCounter<long>("connections.ended", "{connection}", "Client connections that ended, by outcome.");
        _admitted = _meter.CreateCounter<long>("connections.admitted", "{connection}", "Connections past licensing, by the row that admitted them.");
        _refused = _meter.CreateCounter<long>("refusals", "{refusal}", "Connections that a rule refused, by reason.");
        _licensing = _meter.CreateHistogram<double>("licensing.time", "s", "The licensing exchange with a client, license server included.");
        _licensingClient = _meter.CreateHistogram<double>("licensing.client.time", "s", "Of the licensing exchange, the time in which the client was to answer.");
        _backEndOpen = _meter.CreateHistogram<double>("back-end.open.time", "s", "Connecting to the RDP host behind, until it has confirmed.");
        _sessions = _meter.CreateUpDownCounter<int>("sessions.active", "{session}", "Sessions that run.");
        _bytes = _meter.CreateCounter<long>("relay.bytes", "By", "Bytes relayed after licensing, by direction.");
    }

    public long Admitted => Interlocked.Read(ref _admittedTotal);

    public long Refused => Interlocked.Read(ref _refusedTotal);

    public int ActiveSessions => Volatile.Read(ref _active);

    public void ConnectionEnded(SessionEndReason reason) => _ended.Add(1, new KeyValuePair<string, object?>("outcome", KebabCase.Of(reason)));

    public void SessionBegan(string row, TimeSpan licensing)
    {
        Interlocked.Increment(ref _admittedTotal);
        Interlocked.Increment(ref _active);
        _admitted.Add(1, new KeyValuePair<string, object?>("row", row));
        _licensing.Record(licensing.TotalSeconds);
        _sessions.Add(1);
    }

    /// <summary>All of an exchange's waiting for the client, once it is licensed.</summary>
    public void ClientAnswered(TimeSpan waited) => _licensingClient.Record(waited.TotalSeconds);

    public void BackEndOpened(TimeSpan time) => _backEndOpen.Record(time.TotalSeconds);

    public void SessionEnded()
    {
        Interlocked.Decrement(ref _active);
        _sessions.Add(-1);
    }

    public void ConnectionRefused(string reason)
    {
        Interlocked.Increment(ref _refusedTotal);
        _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    public void BytesToBackEnd(int count) => _bytes.Add(count, ToBackEndTag);

    public void BytesToClient(int count) => _bytes.Add(count, ToClientTag);

    public void Dispose() => _meter.Dispose();
}
