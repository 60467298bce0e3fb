namespace Ostiary.Host.Setup;

/// <summary>How xrdp's and PAM's files look with the session host in front. Pure; what is not about that stays as it is, line ends too.</summary>
internal static class XrdpFiles
{
    public const string Ini = "/etc/xrdp/xrdp.ini";
    public const string Pam = "/etc/pam.d/xrdp-sesman";
    private const string Globals = "[Globals]";

    /// <summary>xrdp on a unix socket and nowhere else, in clear: TLS is the gateway's.</summary>
    public static string BehindGateway(string xrdpIni, string socket)
    {
        var text = xrdpIni;
        foreach (var (name, value) in new[] { ("port", "unix://." + socket), ("security_layer", "rdp"), ("crypt_level", "none") })
            text = Set(text, name, value);
        return text;
    }

    /// <summary>The value of a setting in [Globals]; null where there is none.</summary>
    public static string? Get(string xrdpIni, string name)
    {
        var lines = xrdpIni.Split('\n');
        return Find(lines, name) is >= 0 and var index ? lines[index][(lines[index].IndexOf('=', StringComparison.Ordinal) + 1)..].Trim() : null;
    }

    /// <summary>PAM asks the hook in the account phase, after everything else in it.</summary>
    public static string WithHook(string pam, string line)
    {
        var lines = pam.Split('\n').ToList();
        if (lines.Exists(known => known.TrimEnd('\r') == line))
            return pam;
        var after = lines.FindLastIndex(known => known.TrimStart() is var rule
            && (rule.StartsWith("@include common-account", StringComparison.Ordinal) || rule.StartsWith("account", StringComparison.Ordinal) || rule.StartsWith("-account", StringComparison.Ordinal)));
        if (after < 0)
            throw new SetupException($"{Pam} has no account phase: without one nobody would be asked");
        lines.Insert(after + 1, line + (lines[after].EndsWith('\r') ? "\r" : ""));
        return string.Join('\n', lines);
    }

    private static string Set(string text, string name, string value)
    {
        var lines = text.Split('\n');
        var index = Find(lines, name);
        if (index >= 0)
        {
            lines[index] = $"{name}={value}" + (lines[index].EndsWith('\r') ? "\r" : "");
            return string.Join('\n', lines);
        }

        var header = Array.FindIndex(lines, line => line.Trim().Equals(Globals, StringComparison.OrdinalIgnoreCase));
        if (header < 0)
            throw new SetupException($"{Ini} has no section {Globals}");
        return string.Join('\n', [.. lines[..(header + 1)], $"{name}={value}" + (lines[header].EndsWith('\r') ? "\r" : ""), .. lines[(header + 1)..]]);
    }

    // Only in [Globals]: each kind of session has a port of its own.
    private static int Find(string[] lines, string name)
    {
        var inside = false;
        for (var index = 0; index < lines.Length; index++)
        {
            var line = lines[index].Trim();
            if (line.StartsWith('['))
                inside = line.Equals(Globals, StringComparison.OrdinalIgnoreCase);
            else if (inside && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && line[..at].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return index;
        }

        return -1;
    }
}
