namespace Ostiary.Clearinghouse.Storage;

/// <summary>
/// Bytes that the signer may sign: committed in the transaction of the document that they are, and of its audit entry. The signer looks here, and signs nothing else.
/// </summary>
internal sealed class ToBeSignedRow
{
    /// <summary>SHA-256 of the bytes.</summary>
    public required byte[] Digest { get; init; }

    /// <summary>One of <see cref="Signing.SignedKind"/>: bytes of one kind are not signed as another.</summary>
    public required string Kind { get; init; }

    /// <summary>The newest audit entry that commits to these bytes.</summary>
    public required long AuditNumber { get; set; }
}
