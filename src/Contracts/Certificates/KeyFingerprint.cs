using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ostiary.Contracts.Certificates;

/// <summary>SHA-256 of a SubjectPublicKeyInfo: what a host pins, and how documents name a key. Text form: 64 hexadecimal digits.</summary>
[JsonConverter(typeof(KeyFingerprintJsonConverter))]
public sealed record KeyFingerprint
{
    public const int Length = 32;

    private KeyFingerprint(string hex) => Hex = hex;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hex { get; }

    public byte[] Bytes => Convert.FromHexString(Hex);

    /// <summary>The first four bytes as a number: the key id of activation answers.</summary>
    public uint KeyId => Convert.ToUInt32(Hex[..8], 16);

    public static KeyFingerprint Of(X509Certificate2 certificate) => Of(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    public static KeyFingerprint Of(ECDsa key) => Of(key.ExportSubjectPublicKeyInfo());

    public static KeyFingerprint Of(ReadOnlySpan<byte> subjectPublicKeyInfo)
        => new(Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo)));

    public static bool TryParse(string? text, [NotNullWhen(true)] out KeyFingerprint? fingerprint)
    {
        fingerprint = text is { Length: Length * 2 } && text.All(char.IsAsciiHexDigit) ? new(text.ToLowerInvariant()) : null;
        return fingerprint is not null;
    }

    public override string ToString() => Hex;
}

/// <summary>Writes a fingerprint as its hexadecimal digits.</summary>
internal sealed class KeyFingerprintJsonConverter : JsonConverter<KeyFingerprint>
{
    public override KeyFingerprint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => KeyFingerprint.TryParse(reader.GetString(), out var fingerprint)
            ? fingerprint
            : throw new JsonException($"a key fingerprint has {KeyFingerprint.Length * 2} hexadecimal digits");

    public override void Write(Utf8JsonWriter writer, KeyFingerprint value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.Hex);
}
