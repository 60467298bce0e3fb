using System.Runtime.InteropServices;

namespace Ostiary.Clearinghouse.Files;

/// <summary>
/// Files that are there whole or not at all: written beside their name, synced, renamed, and the directory synced.
/// They are readable by their owner only, or by everybody where they hold nothing secret.
/// </summary>
internal static class PrivateFile
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;
    public const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Makes a directory that only its owner opens; one that is there already keeps its mode.</summary>
    public static void MakeDirectory(string path) => Directory.CreateDirectory(path, OwnerOnlyDirectory);

    /// <summary>Writes a file that is not there yet. A crash leaves nothing under its name.</summary>
    /// <exception cref="IOException">A file with this name is there.</exception>
    public static void Create(string path, ReadOnlySpan<byte> content, UnixFileMode mode = OwnerOnly)
        => Write(path, content, mode, overwrite: false);

    /// <summary>Writes a file, or replaces it at once. A crash leaves the old one or the new one.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode mode = OwnerOnly)
        => Write(path, content, mode, overwrite: true);

    private static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool overwrite)
    {
        // A name of its own: what a crash left of an earlier attempt is neither used nor in the way.
        var temporary = $"{path}.{Guid.NewGuid():N}.new";
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    // The framework syncs files only; a rename is durable once its directory is.
    private static void SyncDirectory(string directory)
    {
        const int readOnly = 0;
        var descriptor = NativeMethods.open(directory, readOnly);
        if (descriptor < 0)
            throw new IOException($"{directory} cannot be opened (error {Marshal.GetLastPInvokeError()})");
        var result = NativeMethods.fsync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = NativeMethods.close(descriptor);
        if (result != 0)
            throw new IOException($"{directory} cannot be synced (error {error})");
    }

    private static class NativeMethods
    {
#pragma warning disable IDE1006, SYSLIB1054 // The C library's own names; the generated form would need unsafe code.
        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int fsync(int descriptor);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int close(int descriptor);
#pragma warning restore IDE1006, SYSLIB1054
    }
}
