using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A license server's wish to redeem a product key, signed by the license server's own key, so that it may be carried by anybody.
/// </summary>
/// <param name="ProductKey">The key in its one spelling.</param>
/// <param name="Nonce">16 bytes; the same request sent again has the same nonce.</param>
/// <param name="RequestedAt">To the second.</param>
public sealed record RedemptionRequest(string ProductKey, byte[] Nonce, DateTimeOffset RequestedAt)
{
    public const string TypeName = "ostiary-redemption-request";
    public const int NonceLength = 16;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 3);
        writer.WriteInt32(3);
        writer.WriteTextString(ProductKey);
        writer.WriteInt32(4);
        writer.WriteByteString(Nonce);
        writer.WriteInt32(5);
        writer.WriteInt64(RequestedAt.ToUnixTimeSeconds());
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a redemption request of a version that we know, or a field out of its limits.</exception>
    public static RedemptionRequest Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, ReadMembers);

    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(RedemptionRequest);

    private static RedemptionRequest ReadMembers(CborReader reader)
    {
        reader.Expect(3);
        var productKey = reader.ReadTextString();
        reader.Expect(4);
        var nonce = reader.ReadByteString();
        reader.Expect(5);
        var requestedAt = DateTimeOffset.FromUnixTimeSeconds(reader.ReadInt64());
        return productKey.Length <= 64 && nonce.Length == NonceLength
            ? new(productKey, nonce, requestedAt)
            : throw new CborContentException($"product key (at most 64 characters) or nonce ({NonceLength} bytes) is out of its limits");
    }
}
