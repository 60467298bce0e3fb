using System.Globalization;
using System.Text;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>Pixels of a screen: three bytes each, red, green, blue, row by row.</summary>
public sealed record Screenshot(int Width, int Height, byte[] Pixels)
{
    /// <summary>The background of a private xrdp's desktop.</summary>
    public const int DesktopColour = 0x336699;

    /// <summary>Reads a binary portable pixmap of 8 bits a channel: <c>P6 WIDTH HEIGHT 255</c>, one blank, the pixels.</summary>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static Screenshot ReadPpm(byte[] file)
    {
        var fields = new List<string>();
        var at = 0;
        while (fields.Count < 4 && at < file.Length)
        {
            var start = at;
            while (at < file.Length && !char.IsWhiteSpace((char)file[at]))
                at++;
            fields.Add(Encoding.ASCII.GetString(file, start, at - start));
            at++;
        }
        if (fields is not ["P6", var width, var height, "255"])
            throw new InvalidDataException("not a binary pixmap of 8 bits");
        var screen = new Screenshot(
            int.Parse(width, CultureInfo.InvariantCulture), int.Parse(height, CultureInfo.InvariantCulture), file[at..]);
        return screen.Pixels.Length == screen.Width * screen.Height * 3
            ? screen
            : throw new InvalidDataException("a pixmap of another size than it says");
    }

    /// <summary>How many pixels have this colour, 0xRRGGBB.</summary>
    public int Count(int colour)
    {
        var count = 0;
        for (var i = 0; i < Pixels.Length; i += 3)
        {
            if ((Pixels[i] << 16 | Pixels[i + 1] << 8 | Pixels[i + 2]) == colour)
                count++;
        }
        return count;
    }

    /// <summary>How many pixels differ; all of them where the sizes do.</summary>
    public int DifferenceTo(Screenshot other)
    {
        if ((Width, Height) != (other.Width, other.Height))
            return Math.Max(Width * Height, other.Width * other.Height);
        var count = 0;
        for (var i = 0; i < Pixels.Length; i += 3)
        {
            if (!Pixels.AsSpan(i, 3).SequenceEqual(other.Pixels.AsSpan(i, 3)))
                count++;
        }
        return count;
    }
}
