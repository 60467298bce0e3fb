using System.Formats.Cbor;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Statements;

/// <summary>Why a license server's key is followed by another. The kebab-case name is what is typed and shown.</summary>
public enum SuccessionCause
{
    /// <summary>In good order: the old key itself names the new one, and what it signed stays good to its end.</summary>
    Planned = 0,

    /// <summary>Nobody has the old key any more; what it signed stays good to its end. The clearinghouse names the new one.</summary>
    Lost = 1,

    /// <summary>Somebody else has, or may have, the old key: what it signed is a claim. The clearinghouse names the new one.</summary>
    Stolen = 2,
}

/// <summary>
/// A license server's key is followed by another: whoever pinned the old one pins the new one. Signed by the old key where that is in good order, else by an
/// issuing key of the clearinghouse.
/// </summary>
/// <param name="Old">The key that was pinned.</param>
/// <param name="New">The key that follows.</param>
/// <param name="Cause">Why.</param>
/// <param name="IssuedAt">To the second.</param>
public sealed record SuccessionStatement(KeyFingerprint Old, KeyFingerprint New, SuccessionCause Cause, DateTimeOffset IssuedAt)
{
    public const string TypeName = "ostiary-succession";
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 4);
        writer.Write(3, Old);
        writer.Write(4, New);
        writer.Write(5, (long)Cause);
        writer.Write(6, IssuedAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a succession of a version that we know, or a field out of its limits.</exception>
    public static SuccessionStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (before, after, cause, issued) = (reader.ReadFingerprint(3), reader.ReadFingerprint(4), reader.ReadNumber(5), reader.ReadTime(6));
        if (before == after)
            throw new CborContentException("a key does not follow itself");
        return cause is >= 0 and <= int.MaxValue && Enum.IsDefined((SuccessionCause)cause)
            ? new SuccessionStatement(before, after, (SuccessionCause)cause, issued)
            : throw new CborContentException($"cause {cause} is not known");
    });
}
