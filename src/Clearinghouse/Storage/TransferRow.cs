namespace Ostiary.Clearinghouse.Storage;

/// <summary>Key packs that one license server has signed away to another: moved, or taken back before that, never both.</summary>
internal sealed class TransferRow
{
    public required Guid TransferId { get; init; }

    /// <summary>The key of the license server that had them, 64 hexadecimal digits.</summary>
    public required string Source { get; init; }

    /// <summary>The key of the one that has them; null where it was taken back.</summary>
    public string? Target { get; init; }

    public required DateTimeOffset At { get; init; }
}
