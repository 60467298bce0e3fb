using System.Globalization;
using System.Runtime.InteropServices;

namespace Ostiary.Kernel;

/// <summary>
/// A person's account, as NSS knows it: local files, LDAP, SSSD, whatever the machine uses.
/// This file depends on nothing else of the project.
/// </summary>
internal sealed unsafe partial class Account
{
    private const int OutOfRange = 34;
    private const int FirstBuffer = 4096, LargestBuffer = 1 << 20;
    private const int MostGroups = 65536;

    private readonly uint _group;

    private Account(string name, uint uid, uint group) => (Name, Uid, _group) = (name, uid, group);

    public string Name { get; }

    public uint Uid { get; }

    /// <summary>The account of this name, or null if there is none.</summary>
    public static Account? Find(string name)
    {
        for (var size = FirstBuffer; size <= LargestBuffer; size *= 4)
        {
            Passwd record;
            Passwd* found;
            var buffer = NativeMemory.Alloc((nuint)size);
            try
            {
                var error = getpwnam_r(name, &record, buffer, (nuint)size, &found);
                if (error == OutOfRange)
                    continue;
                return found is null || Marshal.PtrToStringUTF8(record.Name) is not { } canonical
                    ? null
                    : new Account(canonical, record.Uid, record.Gid);
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }
        return null;
    }

    /// <summary>
    /// Whether the account is one of the machine's own: a line of /etc/passwd has its name and number. Where a directory has the same
    /// name, NSS has said which of the two this is by the number.
    /// </summary>
    public bool IsLocal
    {
        get
        {
            try
            {
                return File.ReadLines("/etc/passwd").Any(line => line.Split(':') is [var name, _, var uid, ..] && name == Name
                    && uint.TryParse(uid, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number == Uid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Whether the person is root or in one of these groups, by primary or further membership.</summary>
    public bool IsIn(IEnumerable<string> groups)
    {
        if (Uid == 0)
            return true;
        var mine = Groups();
        return groups.Any(name => GroupId(name) is { } id && mine.Contains(id));
    }

    private uint[] Groups()
    {
        for (var count = 64; count <= MostGroups; count *= 8)
        {
            var groups = new uint[count];
            var filled = count;
            fixed (uint* first = groups)
            {
                if (getgrouplist(Name, _group, first, &filled) >= 0)
                    return groups[..filled];
            }
        }
        return [_group];
    }

    private static uint? GroupId(string name)
    {
        for (var size = FirstBuffer; size <= LargestBuffer; size *= 4)
        {
            GroupRecord record;
            GroupRecord* found;
            var buffer = NativeMemory.Alloc((nuint)size);
            try
            {
                var error = getgrnam_r(name, &record, buffer, (nuint)size, &found);
                if (error == OutOfRange)
                    continue;
                return found is null ? null : record.Gid;
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }
        return null;
    }

    // struct passwd and struct group of glibc and musl, 64 bit.
    [StructLayout(LayoutKind.Sequential)]
    private struct Passwd
    {
        public nint Name;
        public nint Password;
        public uint Uid;
        public uint Gid;
        public nint Comment;
        public nint Home;
        public nint Shell;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct GroupRecord
    {
        public nint Name;
        public nint Password;
        public uint Gid;
        public nint Members;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int getpwnam_r(string name, Passwd* record, void* buffer, nuint size, Passwd** found);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int getgrnam_r(string name, GroupRecord* record, void* buffer, nuint size, GroupRecord** found);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int getgrouplist(string user, uint group, uint* groups, int* count);
}
