using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.6.1 New License Information (NEW_LICENSE_INFO).
/// <code>
/// dwVersion (4) | cbScope (4) | pbScope, ANSI | cbCompanyName (4) | pbCompanyName, UTF-16 | cbProductId (4) | pbProductId, UTF-16 |
///   cbLicenseInfo (4) | pbLicenseInfo
/// </code>
/// All text with terminator.
/// </summary>
/// <param name="Scope">Without terminator.</param>
/// <param name="Product">Equal to that of the license request, or the client does not find the license again.</param>
/// <param name="License">What the client stores and presents; opaque to it.</param>
public sealed record NewLicenseInfo(string Scope, ProductInfo Product, byte[] License) : IPdu<NewLicenseInfo>
{
    public int Size =>
        4 /* dwVersion */ + 4 /* cbScope */ + Scope.Length + 1
        + 4 /* cbCompanyName */ + ProductInfo.TextLength(Product.CompanyName)
        + 4 /* cbProductId */ + ProductInfo.TextLength(Product.ProductId)
        + 4 /* cbLicenseInfo */ + License.Length;

    public static NewLicenseInfo Read(ref WireReader reader)
    {
        var version = reader.ReadUInt32LittleEndian("dwVersion");
        var scope = ReadScope(ref reader);
        var company = ProductInfo.ReadText(ref reader, "cbCompanyName", "pbCompanyName");
        var product = ProductInfo.ReadText(ref reader, "cbProductId", "pbProductId");
        var length = reader.ReadLengthUInt32LittleEndian("cbLicenseInfo", Limits.PresentedLicense);
        return new(scope, new(version, company, product), reader.ReadBytes(length, "pbLicenseInfo").ToArray());
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Product.Version);
        writer.WriteUInt32LittleEndian((uint)Scope.Length + 1);
        writer.WriteBytes(Encoding.Latin1.GetBytes(Scope));
        writer.WriteByte(0);
        ProductInfo.WriteText(ref writer, Product.CompanyName);
        ProductInfo.WriteText(ref writer, Product.ProductId);
        writer.WriteUInt32LittleEndian((uint)License.Length);
        writer.WriteBytes(License);
    }

    private static string ReadScope(ref WireReader reader)
    {
        var bytes = reader.ReadBytes(reader.ReadLengthUInt32LittleEndian("cbScope", Limits.Scope), "pbScope");
        var end = bytes.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
