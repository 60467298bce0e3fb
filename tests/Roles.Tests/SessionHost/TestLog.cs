using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Every line that a role logs, with its exceptions.</summary>
public sealed class TestLog : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, Lines);

    public void Dispose()
    {
    }

    private sealed class Category(string name, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = $"{logLevel} {name}: {formatter(state, exception)} {exception}";
            lines.Enqueue(line);
            if (Environment.GetEnvironmentVariable("OSTIARY_TEST_LOG") is { Length: > 0 })
                Console.WriteLine(line);
        }
    }
}
