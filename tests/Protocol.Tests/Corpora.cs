namespace Ostiary.Protocol.Tests;

/// <summary>The files of <c>Corpus/</c>.</summary>
public static class Corpora
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Corpus");

    public static IEnumerable<string> Names(string oracle) =>
        Directory.EnumerateFiles(Path.Combine(Root, oracle), "*.hex").Select(path => Path.GetFileNameWithoutExtension(path)).Order();

    public static byte[] Read(string oracle, string name) =>
        Convert.FromHexString(File.ReadAllText(Path.Combine(Root, oracle, $"{name}.hex")).ReplaceLineEndings(""));

    /// <summary>The frames of a captured connection.</summary>
    public static IEnumerable<(bool FromClient, byte[] Frame)> Frames(string name)
    {
        var rest = Read(nameof(Oracles.Connection), name)[1..];
        while (rest.Length > 0)
        {
            if (!Wire.Framing.TryReadFrame(rest.AsSpan(1), out var header))
                throw new InvalidDataException($"{name} ends within a frame.");
            yield return (rest[0] == 0, rest[1..(1 + header.Length)]);
            rest = rest[(1 + header.Length)..];
        }
    }
}
