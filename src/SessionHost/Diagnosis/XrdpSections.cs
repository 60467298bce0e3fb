namespace Ostiary.SessionHost.Diagnosis;

/// <summary>
/// The sections of xrdp.ini that a person can choose at xrdp's window. Those that do not start their session through sesman (<c>port=-1</c>)
/// never ask PAM's account hook: over them somebody gets a desktop of another machine, or of a VNC server, and no rule for logons is asked.
/// </summary>
internal static class XrdpSections
{
    private const int MaxBytes = 1024 * 1024;
    private const string Sesman = "-1";

    /// <summary>The names of the sections that go around sesman, in the file's order.</summary>
    /// <param name="file">xrdp.ini.</param>
    /// <exception cref="IOException">The file cannot be read, or is larger than 1 MiB.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static IReadOnlyList<string> AroundSesman(string file)
    {
        using var stream = File.OpenRead(file);
        if (stream.Length > MaxBytes)
            throw new IOException($"{file} has {stream.Length} bytes; xrdp.ini is read up to {MaxBytes}");
        using var reader = new StreamReader(stream);
        return AroundSesman(reader);
    }

    /// <summary>The TCP ports at which xrdp is told to listen; none where the file is not there or may not be read, which is a finding of its own.</summary>
    public static IReadOnlyList<int> TcpPorts(string file)
    {
        try
        {
            if (new FileInfo(file) is not { Exists: true, Length: <= MaxBytes })
                return [];
            using var reader = new StreamReader(file);
            return TcpPorts(reader);
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The same, of its text: <c>port=</c> of <c>[Globals]</c>, e.g. <c>3389</c>, <c>tcp://:3389</c>, <c>tcp://.:3389</c>, several of them apart by spaces or commas.</summary>
    public static IReadOnlyList<int> TcpPorts(TextReader xrdpIni)
    {
        var isGlobal = false;
        while (xrdpIni.ReadLine() is { } text)
        {
            var line = text.Trim();
            if (line is ['[', .. var inner, ']'])
                isGlobal = inner.Trim().Equals("Globals", StringComparison.OrdinalIgnoreCase);
            else if (isGlobal && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && line[..at].Trim().Equals("port", StringComparison.OrdinalIgnoreCase))
                return [.. line[(at + 1)..].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)
                    .Where(place => !place.StartsWith("unix:", StringComparison.Ordinal) && !place.StartsWith("vsock:", StringComparison.Ordinal))
                    .Select(place => int.TryParse(place.AsSpan(place.LastIndexOf(':') + 1), out var port) ? port : 0).Where(port => port is >= 1 and <= 65535)];
        }

        return [];
    }

    /// <summary>The sections, of its text.</summary>
    public static IReadOnlyList<string> AroundSesman(TextReader xrdpIni)
    {
        var found = new List<string>();
        string? name = null, library = null, port = null;
        while (xrdpIni.ReadLine() is { } text)
        {
            var line = text.Trim();
            if (line is ['[', .. var inner, ']'])
            {
                Finish();
                name = inner.Trim();
            }
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && line[0] is not ('#' or ';'))
            {
                var value = line[(at + 1)..].Trim();
                switch (line[..at].Trim().ToUpperInvariant())
                {
                    case "LIB":
                        library = value;
                        break;
                    case "PORT":
                        port = value;
                        break;
                }
            }
        }

        Finish();
        return found;

        // A section with a library is one that can be chosen.
        void Finish()
        {
            if (name is not null && library is not null && port != Sesman)
                found.Add(name);
            (library, port) = (null, null);
        }
    }
}
