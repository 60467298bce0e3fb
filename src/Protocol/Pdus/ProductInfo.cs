using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.1.1 Product Information (PRODUCT_INFO):
/// <c>dwVersion (4) | cbCompanyName (4) | pbCompanyName | cbProductId (4) | pbProductId</c>, both UTF-16LE with terminator.
/// </summary>
/// <param name="Version">Major in the high 16 bits, minor in the low ones.</param>
/// <param name="CompanyName">Without terminator.</param>
/// <param name="ProductId">Without terminator.</param>
public sealed record ProductInfo(uint Version, string CompanyName, string ProductId) : IPdu<ProductInfo>
{
    public int Size =>
        4 /* dwVersion */ + 4 /* cbCompanyName */ + TextLength(CompanyName) + 4 /* cbProductId */ + TextLength(ProductId);

    public static ProductInfo Read(ref WireReader reader) => new(
        reader.ReadUInt32LittleEndian("dwVersion"),
        ReadText(ref reader, "cbCompanyName", "pbCompanyName"),
        ReadText(ref reader, "cbProductId", "pbProductId"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Version);
        WriteText(ref writer, CompanyName);
        WriteText(ref writer, ProductId);
    }

    internal static int TextLength(string text) => Encoding.Unicode.GetByteCount(text) + 2;

    internal static string ReadText(ref WireReader reader, string lengthField, string field) =>
        WireText.DecodeUnicode(reader.ReadBytes(reader.ReadLengthUInt32LittleEndian(lengthField, Limits.ProductInfoString), field));

    internal static void WriteText(ref WireWriter writer, string text)
    {
        writer.WriteUInt32LittleEndian((uint)TextLength(text));
        writer.WriteBytes(WireText.EncodeUnicode(text));
    }
}
