using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ostiary.Doors;

/// <summary>
/// JSON with one fixed order of members, as audit entries commit to it. Verification makes it again and compares bytes; it is never parsed.
/// Long bytes stand as their SHA-256.
/// </summary>
public static class CanonicalJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream(768);
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Seconds since 1970.</summary>
    public static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } given)
            json.WriteNumber(name, given.ToUnixTimeSeconds());
        else
            json.WriteNull(name);
    }

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
