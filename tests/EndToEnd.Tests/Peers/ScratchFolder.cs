namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>A folder with a short path (a unix socket's holds 107 characters), deleted with all that is in it.</summary>
public sealed class ScratchFolder : IDisposable
{
    public string FullPath { get; } = Directory.CreateDirectory(
        $"/tmp/ostiary.{Path.GetRandomFileName()[..8]}",
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    public string this[string name] => Path.Combine(FullPath, name);

    public string NewFolder(string name) => Directory.CreateDirectory(this[name]).FullName;

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
