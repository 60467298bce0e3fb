using System.Text.Json;

namespace Ostiary.Host.Commands;

/// <summary>What is known of a license server elsewhere.</summary>
/// <param name="Fingerprint">Its key, pinned at the first login.</param>
/// <param name="Token">Of the sign-in; null after signing out.</param>
internal sealed record Login(string Fingerprint, string? Token)
{
    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(Login);
}

/// <summary>
/// The license servers elsewhere that this user has signed in to: <c>$XDG_CONFIG_HOME/ostiary/logins.json</c> (else <c>~/.config</c>), mode 0600.
/// </summary>
internal static class Logins
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string File => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } folder ? folder : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
        "ostiary", "logins.json");

    /// <exception cref="UsageException">The file is open to others, or not ours to read.</exception>
    public static Login? Find(Uri server) => Read().GetValueOrDefault(server.AbsoluteUri);

    /// <exception cref="UsageException">The file cannot be written.</exception>
    public static void Keep(Uri server, Login login)
    {
        var all = Read();
        all[server.AbsoluteUri] = login;
        try
        {
            var folder = Path.GetDirectoryName(File)!;
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            var made = Path.Combine(folder, $".logins-{Guid.NewGuid():N}");
            using (var stream = new FileStream(made, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
                JsonSerializer.Serialize(stream, all, Json);
            // A whole file or the one before, whatever happens.
            System.IO.File.Move(made, File, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{File} cannot be written: {failure.Message}");
        }
    }

    private static Dictionary<string, Login> Read()
    {
        try
        {
            if (!System.IO.File.Exists(File))
                return [];
            if ((System.IO.File.GetUnixFileMode(File) & ~OwnerOnly) != 0)
                throw new UsageException($"{File} holds tokens and is open to others: chmod 600 it");
            return JsonSerializer.Deserialize<Dictionary<string, Login>>(System.IO.File.ReadAllBytes(File), Json) ?? [];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UsageException($"{File} cannot be read: {failure.Message}");
        }
    }
}
