using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>The last value of each histogram of one gateway's meters.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();

    public Measurements(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Values[instrument.Name] = value);
        _listener.Start();
    }

    public ConcurrentDictionary<string, double> Values { get; } = new();

    public void Dispose() => _listener.Dispose();
}
