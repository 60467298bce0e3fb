using System.Text;

namespace Ostiary.Contracts.Symbols;

/// <summary>
/// Crockford's base-32 alphabet: digits and capital letters without I, L, O and U.
/// Reading is forgiving: case does not matter, O is 0, I and L are 1, spaces and hyphens separate.
/// </summary>
public static class Crockford
{
    public const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>The value, 0 to 31, of a symbol; -1 for a character that is none.</summary>
    public static int ValueOf(char symbol) => char.ToUpperInvariant(symbol) switch
    {
        'O' => 0,
        'I' or 'L' => 1,
        var upper => Alphabet.IndexOf(upper, StringComparison.Ordinal),
    };

    /// <summary>
    /// Reads the symbols of a text and skips separators.
    /// </summary>
    /// <param name="text">What was typed; at most <paramref name="limit"/> symbols.</param>
    /// <param name="limit">The largest number of symbols accepted.</param>
    /// <param name="values">The values of the symbols, in order.</param>
    /// <param name="badPosition">When false is returned: the 1-based position of the first character that is no symbol, or limit + 1 when the text is too long.</param>
    public static bool TryRead(ReadOnlySpan<char> text, int limit, out byte[] values, out int badPosition)
    {
        var read = new byte[Math.Min(limit, text.Length)];
        var count = 0;
        badPosition = 0;
        values = [];
        foreach (var character in text)
        {
            if (character is '-' or ' ' or '\u00a0' or '\t' or '\r' or '\n')
                continue;
            var value = ValueOf(character);
            if (value < 0 || count == limit)
            {
                badPosition = count + 1;
                return false;
            }

            read[count++] = (byte)value;
        }

        values = read[..count];
        return true;
    }

    /// <summary>Writes symbols in groups separated by hyphens.</summary>
    public static string Write(ReadOnlySpan<byte> values, int groupLength)
    {
        var text = new StringBuilder(values.Length + (values.Length / groupLength));
        for (var index = 0; index < values.Length; index++)
        {
            if (index > 0 && index % groupLength == 0)
                text.Append('-');
            text.Append(Alphabet[values[index]]);
        }

        return text.ToString();
    }

    /// <summary>Splits the first <paramref name="count"/> times 5 bits of <paramref name="bytes"/>, most significant bit first.</summary>
    public static byte[] FromBits(ReadOnlySpan<byte> bytes, int count)
    {
        var values = new byte[count];
        for (var bit = 0; bit < count * 5; bit++)
            if (bit < bytes.Length * 8 && (bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
                values[bit / 5] |= (byte)(0b10000 >> (bit % 5));
        return values;
    }

    /// <summary>Joins symbols, 5 bits each, into bytes; the last byte is filled with zero bits.</summary>
    public static byte[] ToBits(ReadOnlySpan<byte> values)
    {
        var bytes = new byte[((values.Length * 5) + 7) / 8];
        for (var bit = 0; bit < values.Length * 5; bit++)
            if ((values[bit / 5] & (0b10000 >> (bit % 5))) != 0)
                bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return bytes;
    }
}
