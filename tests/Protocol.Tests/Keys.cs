using System.Security.Cryptography;
using Ostiary.Protocol.Cryptography;

namespace Ostiary.Protocol.Tests;

/// <summary>RSA keys made once for all tests.</summary>
public static class Keys
{
    public static RSAParameters Rsa512 { get; } = Create(512);

    public static RSAParameters Rsa1024 { get; } = Create(1024);

    public static RSAParameters Rsa2048 { get; } = Create(2048);

    public static LicensingServerKey Server { get; } = LicensingServerKey.WithProprietaryCertificate(Rsa2048);

    private static RSAParameters Create(int bits)
    {
        using var rsa = RSA.Create(bits);
        return rsa.ExportParameters(includePrivateParameters: true);
    }
}
