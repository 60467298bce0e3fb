using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.1 Server License Request (SERVER_LICENSE_REQUEST).
/// <code>ServerRandom (32) | ProductInfo | KeyExchangeList blob | ServerCertificate blob | ScopeCount (4) | that many scope blobs</code>
/// </summary>
/// <param name="ServerRandom">32 bytes, new for every request.</param>
/// <param name="Product">The client looks up its store by it.</param>
/// <param name="KeyExchangeList">01 00 00 00, RSA.</param>
/// <param name="ServerCertificate">Never empty under TLS: that would mean the one of the MCS Connect Response.</param>
/// <param name="Scopes">ANSI with terminator.</param>
public sealed record LicenseRequest(
    byte[] ServerRandom,
    ProductInfo Product,
    LicensingBlob KeyExchangeList,
    LicensingBlob ServerCertificate,
    IReadOnlyList<LicensingBlob> Scopes) : IPdu<LicenseRequest>, ILicensingMessage
{
    public const int RandomLength = 32;

    public LicensingMessageType Type => LicensingMessageType.LicenseRequest;

    public int Size =>
        RandomLength + Product.Size + KeyExchangeList.Size + ServerCertificate.Size + 4 /* ScopeCount */ + Scopes.Sum(scope => scope.Size);

    /// <summary>A request that offers RSA and one scope.</summary>
    public static LicenseRequest Create(byte[] serverRandom, ProductInfo product, byte[] certificate, string scope) => new(
        serverRandom,
        product,
        new(LicensingBlobType.KeyExchangeAlgorithm, [1, 0, 0, 0]),
        new(LicensingBlobType.Certificate, certificate),
        [new(LicensingBlobType.Scope, WireText.EncodeAnsi(scope))]);

    public static LicenseRequest Read(ref WireReader reader)
    {
        var random = reader.ReadBytes(RandomLength, "ServerRandom").ToArray();
        var product = ProductInfo.Read(ref reader);
        var keyExchange = LicensingBlob.Read(ref reader, "KeyExchangeList");
        var certificate = LicensingBlob.Read(ref reader, "ServerCertificate", Limits.McsUserData);
        var count = reader.ReadLengthUInt32LittleEndian("ScopeCount", Limits.Scopes);
        var scopes = new LicensingBlob[count];
        for (var i = 0; i < count; i++)
            scopes[i] = LicensingBlob.Read(ref reader, "ScopeArray", Limits.Scope);
        return new(random, product, keyExchange, certificate, scopes);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteBytes(ServerRandom);
        Product.Write(ref writer);
        KeyExchangeList.Write(ref writer);
        ServerCertificate.Write(ref writer);
        writer.WriteUInt32LittleEndian((uint)Scopes.Count);
        foreach (var scope in Scopes)
            scope.Write(ref writer);
    }
}
