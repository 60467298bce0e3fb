using System.Formats.Cbor;
using Ostiary.Contracts.Activation;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// The clearinghouse confirms a deactivation: the license server's product keys can be redeemed again, and it has no key pack any more. Signed by the issuing key.
/// </summary>
/// <param name="Request">The bytes of the deactivation request, <see cref="ActivationRequest.Length"/> of them; they hold the license server's key.</param>
/// <param name="DeactivatedAt">To the second.</param>
public sealed record DeactivationStatement(byte[] Request, DateTimeOffset DeactivatedAt)
{
    public const string TypeName = "ostiary-deactivation";
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 2);
        writer.Write(3, Request);
        writer.Write(4, DeactivatedAt);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not such a statement of a version that we know, or a field out of its limits.</exception>
    public static DeactivationStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (request, at) = (reader.ReadBytes(3, ActivationRequest.Length), reader.ReadTime(4));
        return ActivationRequest.TryDecode(request, out var asked) && asked.Kind == ActivationKind.Deactivate
            ? new DeactivationStatement(request, at)
            : throw new CborContentException("member 3 is not the request of a deactivation");
    });
}
