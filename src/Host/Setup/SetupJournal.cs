using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ostiary.Host.Setup;

/// <summary>What an entry undoes.</summary>
internal enum StepKind
{
    File,
    Directory,
    User,
    Units,
}

/// <summary>One step that is done, or about to be, with all that undoes it.</summary>
/// <param name="Role">For which role.</param>
/// <param name="Kind">What was made or changed.</param>
/// <param name="Name">The path, the user, or the units.</param>
/// <param name="Existed">It was there before.</param>
/// <param name="Backup">Where the file's bytes of before are; null where it was not there.</param>
/// <param name="Mode">The file's mode of before.</param>
/// <param name="Written">SHA-256 of what was written: another one later shows that somebody has changed it since.</param>
internal sealed record JournalEntry(string Role, StepKind Kind, string Name, bool Existed, string? Backup = null, int Mode = 0, string? Written = null);

/// <summary>
/// What <c>roles install</c> has done to the machine. An entry is on disk before its step is carried out, so that whatever ends the program leaves a record of
/// all there is to undo; undoing what was not done changes nothing.
/// </summary>
internal sealed class SetupJournal
{
    public const string Folder = "/var/lib/ostiary/setup";
    public const string Backups = Folder + "/backup";
    private const string State = "/var/lib/ostiary";
    private const string FileName = Folder + "/journal.json";

    private readonly MachineFiles _files;

    private SetupJournal(MachineFiles files, List<JournalEntry> entries) => (_files, Entries) = (files, entries);

    public List<JournalEntry> Entries { get; }

    public static SetupJournal Load(MachineFiles files)
    {
        try
        {
            return new(files, files.Read(FileName) is { } bytes ? JsonSerializer.Deserialize(bytes, JournalJson.Default.ListJournalEntry) ?? [] : []);
        }
        catch (JsonException damaged)
        {
            throw new SetupException($"{FileName} is damaged ({damaged.Message}): what was set up is not known; the files of before are in {Backups}");
        }
    }

    public JournalEntry? Find(StepKind kind, string name) => Entries.Find(entry => entry.Kind == kind && entry.Name == name);

    public void Add(JournalEntry entry)
    {
        Entries.Add(entry);
        Save();
    }

    public void Replace(JournalEntry entry, JournalEntry by)
    {
        Entries[Entries.IndexOf(entry)] = by;
        Save();
    }

    public void Remove(JournalEntry entry)
    {
        Entries.Remove(entry);
        Save();
    }

    private void Save()
    {
        if (Entries.Count == 0)
        {
            // Nothing is set up, and nothing is left.
            _files.Delete(FileName);
            if (_files.DeleteEmptyDirectory(Backups) && _files.DeleteEmptyDirectory(Folder))
                _files.DeleteEmptyDirectory(State);
            return;
        }

        if (!_files.DirectoryExists(State))
            _files.MakeDirectory(State, MachineFiles.Folder);
        if (!_files.DirectoryExists(Folder))
            _files.MakeDirectory(Folder, MachineFiles.Private);
        if (!_files.DirectoryExists(Backups))
            _files.MakeDirectory(Backups, MachineFiles.Private);
        _files.Write(FileName, JsonSerializer.SerializeToUtf8Bytes(Entries, JournalJson.Default.ListJournalEntry), MachineFiles.Plain & ~(UnixFileMode.GroupRead | UnixFileMode.OtherRead));
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(List<JournalEntry>))]
internal sealed partial class JournalJson : JsonSerializerContext;
