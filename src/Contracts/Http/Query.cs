namespace Ostiary.Contracts.Http;

/// <summary>Query strings of lists.</summary>
internal static class Query
{
    public static string Page(string path, string? after, int limit)
        => $"{path}?limit={limit}{(after is null ? "" : "&after=" + Uri.EscapeDataString(after))}";

    /// <summary>Behind a page's.</summary>
    public static string Search(string search) => search.Length == 0 ? "" : "&search=" + Uri.EscapeDataString(search);
}
