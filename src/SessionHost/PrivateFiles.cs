using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Ostiary.SessionHost;

/// <summary>Files that only the role's user can read.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file in one step: readers see the old or the new one, whole; the new one is durable when this returns.</summary>
    public static void Write(string path, string text) => Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <inheritdoc cref="Write(string, string)"/>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var next = path + ".new";
        File.Delete(next);
        using (var file = new FileStream(next, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        }))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    // The rename itself is durable only when the directory is.
    private static void SyncDirectory(string path)
    {
        const int readOnly = 0, directoryOnly = 0x10000;
        var descriptor = open(path, readOnly | directoryOnly);
        if (descriptor < 0)
            throw new IOException($"{path} cannot be opened", new Win32Exception(Marshal.GetLastPInvokeError()));
        var synced = fsync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = close(descriptor);
        if (synced != 0)
            throw new IOException($"{path} cannot be made durable", new Win32Exception(error));
    }

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int open(string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int descriptor);

    [DllImport("libc")]
    private static extern int close(int descriptor);
}
