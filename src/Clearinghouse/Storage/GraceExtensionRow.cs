namespace Ostiary.Clearinghouse.Storage;

/// <summary>A grace extension: the payload that is signed, and the signed statement once there is one.</summary>
internal sealed class GraceExtensionRow
{
    public required Guid Id { get; init; }

    /// <summary>The machine that it is for, 32 hexadecimal digits.</summary>
    public required string MachineId { get; init; }

    public required int Days { get; init; }

    /// <summary>Deterministic CBOR.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>COSE_Sign1; null until it is signed, never changed after.</summary>
    public byte[]? Statement { get; private set; }

    public DateTimeOffset? SignedAt { get; private set; }

    public void Sign(byte[] statement, DateTimeOffset now) => (Statement, SignedAt) = (statement, now);
}
