namespace Ostiary.Host.Setup;

/// <summary>The machine's files, or those of an image below a folder. Paths are the machine's, e.g. <c>/etc/xrdp/xrdp.ini</c>.</summary>
/// <param name="root">The folder.</param>
/// <param name="isMachine">Whether it is this machine that is set up, and not an image; null: it is where the folder is /.</param>
internal sealed class MachineFiles(string root, bool? isMachine = null)
{
    public const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    public const UnixFileMode Folder = Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Whether it is this machine that is set up, and not an image.</summary>
    public bool IsMachine => isMachine ?? root == "/";

    public bool Exists(string path) => File.Exists(Real(path));

    public bool DirectoryExists(string path) => Directory.Exists(Real(path));

    public byte[]? Read(string path) => Exists(path) ? File.ReadAllBytes(Real(path)) : null;

    public UnixFileMode Mode(string path) => File.GetUnixFileMode(Real(path));

    /// <summary>In one step: whoever reads it sees the old one or the new one.</summary>
    public void Write(string path, ReadOnlySpan<byte> bytes, UnixFileMode mode)
    {
        var (real, next) = (Real(path), Real(path) + ".ostiary-new");
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        // The mode at creation is cut by the umask.
        File.SetUnixFileMode(next, mode);
        File.Move(next, real, overwrite: true);
    }

    public void Delete(string path) => File.Delete(Real(path));

    public void MakeDirectory(string path, UnixFileMode mode)
    {
        Directory.CreateDirectory(Real(path), mode);
        File.SetUnixFileMode(Real(path), mode);
    }

    /// <summary>Removes an empty folder; one that is not empty stays.</summary>
    public bool DeleteEmptyDirectory(string path)
    {
        if (!DirectoryExists(path))
            return true;
        if (Directory.EnumerateFileSystemEntries(Real(path)).Any())
            return false;
        Directory.Delete(Real(path));
        return true;
    }

    public void DeleteDirectory(string path) => Directory.Delete(Real(path), recursive: true);

    /// <summary>Files that match, e.g. <c>/lib</c> and <c>security/pam_exec.so</c> one folder below.</summary>
    public bool ExistsBelow(string folder, string name) => DirectoryExists(folder) && Directory.EnumerateDirectories(Real(folder)).Any(below => File.Exists(Path.Combine(below, name)));

    /// <summary>Where it really is.</summary>
    public string Real(string path) => root == "/" ? path : Path.Combine(root, path.TrimStart('/'));
}
