namespace Ostiary.Doors;

/// <summary>
/// Who is at work on this flow of calls: the guard of the doors says it once for each request, and the ledger writes it into every audit entry
/// of that request. So no use case can forget it.
/// </summary>
public static class Author
{
    /// <summary>Whom the unix socket lets in.</summary>
    public const string Root = "root";

    private static readonly AsyncLocal<string?> Name = new();

    /// <summary>Empty for what a host asks for, and for what comes about by itself.</summary>
    public static string Current
    {
        get => Name.Value ?? "";
        set => Name.Value = value;
    }
}
