using System.Formats.Cbor;
using Ostiary.Contracts.Activation;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A license server asks for its certificate and for key packs anew, because the issuing key that signed them was withdrawn. Signed by the license
/// server's key. It may be sent again, by anybody: the answer holds nothing but documents that are that license server's.
/// </summary>
/// <param name="Activation">The bytes of its activation request, <see cref="ActivationRequest.Length"/> of them; they hold its key and name the activation.</param>
/// <param name="KeyPacks">The packs, at most <see cref="MaxKeyPacks"/>.</param>
public sealed record ReplacementRequestStatement(byte[] Activation, IReadOnlyList<Guid> KeyPacks)
{
    public const string TypeName = "ostiary-replacement-request";

    /// <summary>Packs in one request; who has more asks again.</summary>
    public const int MaxKeyPacks = 100;

    private const int FormatVersion = 1;
    private const int GuidLength = 16;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 2);
        writer.Write(3, Activation);
        writer.WriteInt32(4);
        writer.WriteStartArray(KeyPacks.Count);
        foreach (var pack in KeyPacks)
            writer.WriteByteString(pack.ToByteArray(bigEndian: true));
        writer.WriteEndArray();
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not such a request of a version that we know, or a field out of its limits.</exception>
    public static ReplacementRequestStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var activation = reader.ReadBytes(3, ActivationRequest.Length);
        reader.Expect(4);
        if (reader.ReadStartArray() is not (>= 0 and <= MaxKeyPacks and var count))
            throw new CborContentException($"member 4 has more than {MaxKeyPacks} key packs");
        var packs = new Guid[count];
        for (var index = 0; index < count; index++)
            packs[index] = reader.ReadByteString() is { Length: GuidLength } bytes ? new(bytes, bigEndian: true) : throw new CborContentException($"a key pack's number has {GuidLength} bytes");
        reader.ReadEndArray();
        return new ReplacementRequestStatement(activation, packs);
    });
}
