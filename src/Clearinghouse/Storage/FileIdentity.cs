using System.Runtime.InteropServices;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>Which file a path names: another file of that name has another identity, whatever is in it.</summary>
internal readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    /// <summary>The file at a path, links followed; null where there is none, or none that may be looked at (statx(2)).</summary>
    public static FileIdentity? Of(string path)
    {
        var buffer = new byte[StatxSize];
        if (statx(CurrentDirectory, path, 0, InodeWanted, buffer) != 0)
            return null;
        return new(Read32(buffer, DeviceMajorOffset), Read32(buffer, DeviceMinorOffset), BitConverter.ToUInt64(buffer, InodeOffset));
    }

    private static uint Read32(byte[] buffer, int offset) => BitConverter.ToUInt32(buffer, offset);

    // struct statx of linux/stat.h, which is the same on every processor.
    private const int StatxSize = 256;
    private const int InodeOffset = 32;
    private const int DeviceMajorOffset = 136;
    private const int DeviceMinorOffset = 140;
    private const uint InodeWanted = 0x100;
    private const int CurrentDirectory = -100;

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int directory, string path, int flags, uint mask, byte[] buffer);
}
