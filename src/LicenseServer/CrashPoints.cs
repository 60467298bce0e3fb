using System.Diagnostics;

namespace Ostiary.LicenseServer;

/// <summary>
/// A facility for tests of durability: the process kills itself (SIGKILL) at a named step between insert and answer.
/// Off unless the environment variable <c>OSTIARY_CRASH_AT</c> is set, to <c>after-insert</c>, <c>after-commit</c>, <c>after-sign</c> or
/// <c>before-answer</c>, with <c>:N</c> behind it to die when the step is reached for the N-th time.
/// Whoever can set the environment of the process can kill it anyway.
/// </summary>
internal static class CrashPoints
{
    public const string AfterInsert = "after-insert";
    public const string AfterCommit = "after-commit";
    public const string AfterSign = "after-sign";
    public const string BeforeAnswer = "before-answer";

    private static readonly string? Point;
    private static int _left;

    static CrashPoints()
    {
        if (Environment.GetEnvironmentVariable("OSTIARY_CRASH_AT")?.Split(':') is not [var point, ..] parts)
            return;
        Point = point;
        _left = parts.Length > 1 && int.TryParse(parts[1], out var times) ? times : 1;
    }

    public static void Reach(string point)
    {
        if (Point is null || Point != point || Interlocked.Decrement(ref _left) != 0)
            return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
