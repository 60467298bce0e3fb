using System.Text;

namespace Ostiary.Host;

/// <summary>Under which name the executable was started.</summary>
internal static class Invocation
{
    /// <summary>The file's name, also of a link to it; .NET itself says where the link leads.</summary>
    public static string Name => Path.GetFileName(Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).Split('\0')[0]);
}
