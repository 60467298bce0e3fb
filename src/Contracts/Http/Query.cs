namespace Ostiary.Contracts.Http;

/// <summary>Query strings of lists.</summary>
internal static class Query
{
    public static string Page(string path, string? after, int limit)
        => $"{path}?limit={limit}{(after is null ? "" : "&after=" + Uri.EscapeDataString(after))}";
}
