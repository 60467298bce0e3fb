using System.Runtime.InteropServices;
using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>The three kinds of text in RDP: fixed UTF-16 fields, counted UTF-16, counted ANSI.</summary>
internal static class WireText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Up to the first NUL of a field of <paramref name="length"/> bytes.</summary>
    internal static string ReadFixedUnicode(ref WireReader reader, int length, string field) =>
        DecodeUnicode(reader.ReadBytes(length, field));

    /// <summary>Cut to what fits with a NUL behind it.</summary>
    internal static void WriteFixedUnicode(ref WireWriter writer, string text, int length)
    {
        var bytes = Encoding.Unicode.GetBytes(text.Length < length / 2 ? text : text[..(length / 2 - 1)]);
        writer.WriteBytes(bytes);
        writer.WriteZeros(length - bytes.Length);
    }

    /// <summary>UTF-16LE up to the first NUL. Unpaired surrogates become U+FFFD.</summary>
    internal static string DecodeUnicode(ReadOnlySpan<byte> bytes)
    {
        var even = bytes[..(bytes.Length & ~1)];
        var end = MemoryMarshal.Cast<byte, char>(even).IndexOf('\0');
        return Encoding.Unicode.GetString(end < 0 ? even : even[..(2 * end)]);
    }

    /// <summary>
    /// ANSI up to the first NUL. The specification leaves the code page to the client: UTF-8 where it is that (FreeRDP), else Latin-1.
    /// </summary>
    internal static string DecodeAnsi(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        var text = end < 0 ? bytes : bytes[..end];
        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(text);
        }
    }

    /// <summary>UTF-8 with a NUL behind it.</summary>
    internal static byte[] EncodeAnsi(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    /// <summary>UTF-16LE with a NUL behind it.</summary>
    internal static byte[] EncodeUnicode(string text) => [.. Encoding.Unicode.GetBytes(text), 0, 0];
}
