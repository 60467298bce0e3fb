using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.LicenseServer.Identity;

/// <summary>A private key (ECDSA P-256, PKCS#8 in PEM) in a file that only its owner can read.</summary>
internal static class PrivateKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxLength = 16 * 1024;

    /// <summary>Reads the key, or makes one where no file is.</summary>
    /// <exception cref="IOException">The file holds no ECDSA P-256 key, or others can read it.</exception>
    public static ECDsa OpenOrCreate(string path)
    {
        if (File.Exists(path))
            return Read(path);
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteAtomically(path, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        return key;
    }

    /// <summary>Puts a key in the place of another, which is gone then.</summary>
    public static void Replace(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        FlushDirectory(Path.GetDirectoryName(to)!);
    }

    private static ECDsa Read(string path)
    {
        if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
            throw new IOException($"{path} can be read by others; its mode must be 0600 (chmod 600 {path})");
        if (new FileInfo(path).Length > MaxLength)
            throw new IOException($"{path} is longer than {MaxLength} bytes; it is no key");
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            if (key.ExportParameters(false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
                throw new CryptographicException("the key is not of curve P-256");
            return key;
        }
        catch (Exception noKey) when (noKey is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new IOException($"{path} holds no ECDSA P-256 key in PEM: {noKey.Message}", noKey);
        }
    }

    /// <summary>Puts another file in the place of one, which is there whole or as it was, whenever the machine stops.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> bytes) => WriteAtomically(path, bytes, overwrite: true);

    /// <summary>The file is there whole or not at all, whenever the machine stops.</summary>
    private static void WriteAtomically(string path, ReadOnlySpan<byte> bytes, bool overwrite = false)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        using (var file = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite);
        FlushDirectory(Path.GetDirectoryName(path)!);
    }

    // The framework opens no directories, and a rename is durable only when its directory is flushed.
    private static void FlushDirectory(string directory)
    {
        const int ReadOnlyDirectory = 0x10000;
        var descriptor = NativeMethods.Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnlyDirectory);
        if (descriptor < 0)
            throw new IOException($"{directory} cannot be opened: error {Marshal.GetLastPInvokeError()}");
        var failed = NativeMethods.Fsync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = NativeMethods.Close(descriptor);
        if (failed)
            throw new IOException($"{directory} cannot be flushed: error {error}");
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Open(byte[] path, int flags);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Close(int descriptor);
    }
}
