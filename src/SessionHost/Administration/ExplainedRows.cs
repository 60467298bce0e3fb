using Ostiary.Contracts.Administration;

namespace Ostiary.SessionHost.Administration;

internal static class ExplainedRows
{
    /// <summary>The rows up to the one that decides; all where none does yet.</summary>
    public static List<ExplainedRow> UpTo(string deciding, IReadOnlyList<ExplainedRow> all)
        => [.. all.TakeWhile((_, index) => index == 0 || deciding.Length == 0 || all[index - 1].Row != deciding)];
}
