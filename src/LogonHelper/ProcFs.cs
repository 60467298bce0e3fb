using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Ostiary.Kernel;

namespace Ostiary.LogonHelper;

/// <summary>
/// Reads processes under /proc. A process is held by its folder, so that a pid used again is never mistaken for it.
/// Nothing here follows a link that a person controls: a stat through /proc/PID/fd could hang on their file system.
/// </summary>
internal static partial class ProcFs
{
    private const int CloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC

    /// <summary>Process ids, as this /proc numbers them; processes of pid namespaces below are among them.</summary>
    public static List<int> Pids()
    {
        using var folder = OpenAt(null, "/proc", CloseOnExec);
        return folder is null ? [] : Numbers(folder, int.MaxValue);
    }

    /// <summary>The process, or null if it is gone.</summary>
    public static ProcessFolder? Open(int pid) =>
        OpenAt(null, $"/proc/{pid}", CloseOnExec) is { } folder ? new ProcessFolder(pid, folder) : null;

    /// <summary>One process, held by its open folder. After its end every question is answered with null or nothing.</summary>
    public sealed class ProcessFolder(int pid, SafeFileHandle folder) : IDisposable
    {
        public int Pid => pid;

        /// <summary>File name of its executable, also after that file was replaced by an upgrade; null for kernel threads.</summary>
        public string? Executable
        {
            get
            {
                const string deleted = " (deleted)";
                var path = ReadLink(folder, "exe");
                if (path is null)
                    return null;
                if (path.EndsWith(deleted, StringComparison.Ordinal))
                    path = path[..^deleted.Length];
                return path[(path.LastIndexOf('/') + 1)..];
            }
        }

        /// <summary>Names its network namespace, the same text for the same namespace.</summary>
        public string? NetNamespace => ReadLink(folder, "ns/net");

        public SafeFileHandle? OpenNetNamespace() => OpenAt(folder, "ns/net", CloseOnExec);

        /// <summary>Parent's pid and real user id.</summary>
        public (int Parent, uint Uid)? Status()
        {
            using var file = OpenAt(folder, "status", CloseOnExec);
            if (file is null)
                return null;
            var buffer = new byte[4096]; // Both lines are among the first ten; the name on the first is escaped by the kernel.
            var length = (int)read(file, buffer, buffer.Length);
            if (length <= 0)
                return null;
            ReadOnlySpan<byte> text = buffer.AsSpan(0, length);
            return Field(text, "\nPPid:\t"u8) is { } parent && Field(text, "\nUid:\t"u8) is { } uid ? ((int)parent, uid) : null;
        }

        /// <summary>Inodes of the sockets that it holds, from its first <paramref name="limit"/> descriptors.</summary>
        public IEnumerable<uint> Sockets(int limit)
        {
            using var descriptors = OpenAt(folder, "fd", CloseOnExec);
            if (descriptors is null)
                yield break;
            foreach (var descriptor in Numbers(descriptors, limit))
            {
                if (ReadLink(descriptors, $"{descriptor}") is { } target && SockDiag.ParseSocketLink(target) is { } inode)
                    yield return inode;
            }
        }

        /// <summary>The TCP sockets of its network namespace.</summary>
        public IEnumerable<TcpSocket> TcpSockets() => TcpSockets("net/tcp").Concat(TcpSockets("net/tcp6"));

        private IEnumerable<TcpSocket> TcpSockets(string list)
        {
            var file = OpenAt(folder, list, CloseOnExec);
            if (file is null)
                yield break;
            using var lines = new StreamReader(new FileStream(file, FileAccess.Read));
            while (lines.ReadLine() is { } line)
            {
                if (TcpSocket.Parse(line) is { } socket)
                    yield return socket;
            }
        }

        public void Dispose() => folder.Dispose();
    }

    private static uint? Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> label)
    {
        var at = text.IndexOf(label);
        return at >= 0 && Utf8Parser.TryParse(text[(at + label.Length)..], out uint value, out _) ? value : null;
    }

    // Names of a folder that are numbers, at most `limit` of them. struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name.
    private static List<int> Numbers(SafeFileHandle folder, int limit)
    {
        const int lengthAt = 16, nameAt = 19;
        var numbers = new List<int>();
        var buffer = new byte[32768];
        while (numbers.Count < limit)
        {
            var filled = (int)getdents64(folder, buffer, buffer.Length);
            if (filled <= 0)
                break;
            for (ReadOnlySpan<byte> rest = buffer.AsSpan(0, filled); rest.Length > nameAt && numbers.Count < limit;)
            {
                int length = MemoryMarshal.Read<ushort>(rest[lengthAt..]);
                if (length <= nameAt || length > rest.Length)
                    break;
                if (Utf8Parser.TryParse(rest[nameAt..length], out int number, out var used) && number >= 0 && rest[nameAt + used] == 0)
                    numbers.Add(number);
                rest = rest[length..];
            }
        }
        return numbers;
    }

    private static SafeFileHandle? OpenAt(SafeFileHandle? folder, string path, int flags)
    {
        var counted = false;
        try
        {
            folder?.DangerousAddRef(ref counted);
            var descriptor = openat((int)(folder?.DangerousGetHandle() ?? -1), path, flags);
            return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        }
        finally
        {
            if (counted)
                folder!.DangerousRelease();
        }
    }

    private static string? ReadLink(SafeFileHandle folder, string path)
    {
        var buffer = new byte[4096];
        var length = (int)readlinkat(folder, path, buffer, buffer.Length);
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, 0, length);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int folder, string path, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint readlinkat(SafeFileHandle folder, string path, byte[] buffer, nint length);

    [LibraryImport("libc")]
    private static partial nint getdents64(SafeFileHandle folder, byte[] buffer, nint length);

    [LibraryImport("libc")]
    private static partial nint read(SafeFileHandle file, byte[] buffer, nint length);
}
