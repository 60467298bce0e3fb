namespace Ostiary.Clearinghouse.Files;

/// <summary>Holds a state directory for one process: the kernel lets go of the lock when the process ends, however it ends.</summary>
internal sealed class StateLock : IDisposable
{
    private readonly FileStream _file;

    private StateLock(FileStream file) => _file = file;

    /// <exception cref="IOException">Another process holds the directory.</exception>
    public static StateLock Take(string stateDirectory)
    {
        var path = Path.Combine(stateDirectory, "lock");
        try
        {
            // FileShare.None is flock(LOCK_EX) here.
            return new(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = PrivateFile.OwnerOnly,
            }));
        }
        catch (IOException held) when (held is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new IOException($"{stateDirectory} is in use by another process: {held.Message}", held);
        }
    }

    public void Dispose() => _file.Dispose();
}
