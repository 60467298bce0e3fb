namespace Ostiary.Protocol.Wire;

/// <summary>
/// Bytes that can never be a valid PDU. The fault is the sender's; it ends that one session.
/// The message names the field, never its value.
/// </summary>
/// <param name="field">The specification's name of the field that was being read.</param>
/// <param name="offset">Where the field begins, in bytes from the start of what was being read.</param>
/// <param name="reason">What is wrong with it, with the limit where a limit was passed.</param>
#pragma warning disable CA1032 // Invariant: a format error always names its field; the standard constructors would not.
public sealed class WireFormatException(string field, int offset, string reason)
    : Exception($"{field} at offset {offset}: {reason}")
{
    public string Field { get; } = field;

    public int Offset { get; } = offset;

    public string Reason { get; } = reason;
}
#pragma warning restore CA1032
