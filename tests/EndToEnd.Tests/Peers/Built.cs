namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>What the tests start as programs of their own; <c>./test</c> builds all of it first.</summary>
public static class Built
{
    /// <summary>The folder that holds <c>Ostiary.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The published PAM hook and kernel helper.</summary>
    public static string LogonHelper => Existing("artifacts/logon/ostiary-logon");

    /// <summary>The executable with all roles and commands, built as these tests were.</summary>
    public static string Ostiary => Existing($"src/Host/bin/{Configuration}/net10.0/ostiary");

    public static string XrdpScript => Existing("peers/xrdp.sh");

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static string Existing(string path)
    {
        var full = Path.Combine(Root, path);
        return File.Exists(full) ? full : throw new FileNotFoundException($"{full} is missing: ./test builds it", full);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Ostiary.slnx")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"no Ostiary.slnx above {AppContext.BaseDirectory}");
    }
}
