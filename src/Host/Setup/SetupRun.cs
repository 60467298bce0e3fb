using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Host.Setup;

/// <summary>
/// One run of <c>roles install</c> or <c>roles remove</c>: the steps that change a machine, each with its undo. What fails half-way is taken back by
/// <see cref="RollBack"/>; what ended without that is taken back by the journal.
/// </summary>
internal sealed class SetupRun(MachineFiles files, ICommands commands, SetupJournal journal, bool systemd, Action<string> say)
{
    private const string StateFolders = "/var/lib/ostiary/";

    private readonly Stack<Action> _undo = [];

    /// <summary>Called after each step, with its name; a test throws there.</summary>
    public Action<string>? AfterStep { get; init; }

    /// <summary>Something that a running service has read was changed.</summary>
    public bool XrdpChanged { get; private set; }

    /// <summary>Writes a file. What it was before is kept: beside it, or with the journal.</summary>
    public void WriteFile(string role, string path, string text, bool beside = false)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var before = files.Read(path);
        if (before is not null && before.AsSpan().SequenceEqual(bytes))
            return;
        Touched(path);
        if (journal.Find(StepKind.File, path) is { } known)
        {
            var next = known with { Written = Hash(bytes) };
            journal.Replace(known, next);
            _undo.Push(() =>
            {
                if (before is null)
                    files.Delete(path);
                else
                    files.Write(path, before, MachineFiles.Plain);
                journal.Replace(next, known);
            });
            files.Write(path, bytes, known.Existed ? (UnixFileMode)known.Mode : MachineFiles.Plain);
        }
        else
        {
            MakeParents(role, path);
            var mode = before is null ? MachineFiles.Plain : files.Mode(path);
            var backup = before is null ? null : beside ? path + ".before-ostiary" : $"{SetupJournal.Backups}/{path.Trim('/').Replace('/', '_')}";
            var entry = new JournalEntry(role, StepKind.File, path, before is not null, backup, (int)mode, Hash(bytes));
            journal.Add(entry);
            _undo.Push(() => Undo(entry, purge: true));
            if (backup is not null)
                files.Write(backup, before, mode);
            files.Write(path, bytes, mode);
        }

        Done(path);
    }

    /// <summary>Makes a folder that belongs to a user.</summary>
    public void MakeDirectory(string role, string path, UnixFileMode mode, string? owner = null)
    {
        if (!files.DirectoryExists(path))
        {
            MakeParents(role, path);
            var entry = new JournalEntry(role, StepKind.Directory, path, false);
            if (journal.Find(StepKind.Directory, path) is null)
                journal.Add(entry);
            _undo.Push(() => Undo(entry, purge: false));
            files.MakeDirectory(path, mode);
        }

        if (owner is not null && files.IsMachine)
        {
            Run("chown", owner, path);
            // A change of owner clears the bit that gives new files the folder's group.
            files.MakeDirectory(path, mode);
        }

        Done(path);
    }

    /// <summary>Makes a system user with a group of its own name.</summary>
    public void MakeUser(string role, string name, string home)
    {
        if (!files.IsMachine)
        {
            WriteFile(role, $"/etc/sysusers.d/{name}.conf", $"u {name} - \"Ostiary\" {home} /usr/sbin/nologin\n");
            say($"The user {name} is made at the first start of the image (systemd-sysusers).");
            return;
        }

        if (commands.Run("getent", "passwd", name).Exit == 0)
            return;
        var entry = new JournalEntry(role, StepKind.User, name, false);
        if (journal.Find(StepKind.User, name) is null)
            journal.Add(entry);
        _undo.Push(() => Undo(entry, purge: true));
        Run("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", "/usr/sbin/nologin", "--comment", "Ostiary", name);
        Done(name);
    }

    /// <summary>Has systemd read its units again, restarts what was changed, and starts units now and at each start of the machine.</summary>
    public void Start(string role, bool restartXrdp, params string[] units)
    {
        if (!systemd)
            return;
        Run("systemctl", "daemon-reload");
        if (restartXrdp && XrdpChanged)
        {
            Run("systemctl", "restart", "xrdp.service");
            XrdpChanged = false;
            _undo.Push(() => XrdpChanged = true);
        }

        var name = string.Join(' ', units);
        var entry = new JournalEntry(role, StepKind.Units, name, false);
        if (journal.Find(StepKind.Units, name) is null)
        {
            journal.Add(entry);
            _undo.Push(() => Undo(entry, purge: true));
        }

        Run("systemctl", ["enable", "--quiet", .. units]);
        Run("systemctl", ["restart", .. units]);
        Done(name);
    }

    /// <summary>Takes one step back. Undoing what was not done changes nothing.</summary>
    /// <param name="entry">The step.</param>
    /// <param name="purge">Users and folders, too, that hold what is of value.</param>
    public void Undo(JournalEntry entry, bool purge)
    {
        switch (entry.Kind)
        {
            case StepKind.Units:
                if (systemd)
                    _ = commands.Run("systemctl", ["disable", "--now", "--quiet", .. entry.Name.Split(' ')]);
                break;
            case StepKind.User:
                if (!purge)
                    return;
                if (commands.Run("getent", "passwd", entry.Name).Exit == 0)
                    Run("userdel", entry.Name);
                break;
            case StepKind.Directory:
                if (files.DeleteEmptyDirectory(entry.Name))
                    break;
                // What is below /run is of this start of the machine; state is of value; and what else is in a folder of ours is somebody else's.
                if (entry.Name.StartsWith(StateFolders, StringComparison.Ordinal))
                {
                    if (!purge)
                        return;
                    files.DeleteDirectory(entry.Name);
                }
                else if (entry.Name.StartsWith("/run/", StringComparison.Ordinal))
                {
                    files.DeleteDirectory(entry.Name);
                }
                else
                {
                    say($"Kept, because there is something of others in it: {entry.Name}");
                }

                break;
            case StepKind.File:
                UndoFile(entry);
                break;
        }

        journal.Remove(entry);
    }

    /// <summary>Takes back all steps of this run, the last one first.</summary>
    public void RollBack()
    {
        while (_undo.TryPop(out var undo))
            undo();
        Settle();
    }

    /// <summary>After steps were taken back: services see it.</summary>
    public void Settle()
    {
        if (!systemd)
            return;
        Run("systemctl", "daemon-reload");
        if (!XrdpChanged)
            return;
        Run("systemctl", "restart", "xrdp.service");
        XrdpChanged = false;
    }

    private void UndoFile(JournalEntry entry)
    {
        var now = files.Read(entry.Name);
        var before = entry.Backup is { } backup ? files.Read(backup) : null;
        if (entry.Existed && before is null)
        {
            // The step was journalled and not yet carried out.
            if (now is not null && Hash(now) != entry.Written)
                return;
            throw new SetupException($"{entry.Backup} is gone: {entry.Name} cannot be put back as it was");
        }

        Touched(entry.Name);
        if (now is not null && Hash(now) != entry.Written && !(before is not null && now.AsSpan().SequenceEqual(before)))
        {
            files.Write(entry.Name + ".changed", now, MachineFiles.Plain);
            say($"{entry.Name} was changed since; that is kept as {entry.Name}.changed");
        }

        if (before is not null)
        {
            files.Write(entry.Name, before, (UnixFileMode)entry.Mode);
            files.Delete(entry.Backup!);
        }
        else if (now is not null)
        {
            files.Delete(entry.Name);
        }
    }

    private void MakeParents(string role, string path)
    {
        var parent = Path.GetDirectoryName(path)!;
        if (parent.Length > 1 && !files.DirectoryExists(parent) && parent != SetupJournal.Folder && parent != "/var/lib/ostiary")
            MakeDirectory(role, parent, MachineFiles.Folder);
    }

    private void Touched(string path)
        => XrdpChanged |= path.StartsWith("/etc/xrdp/", StringComparison.Ordinal) || path.StartsWith("/etc/pam.d/", StringComparison.Ordinal) || path.Contains("/xrdp", StringComparison.Ordinal);

    private void Run(string program, params string[] arguments)
    {
        if (commands.Run(program, arguments) is { Exit: not 0 } failed)
            throw new SetupException($"{program} {string.Join(' ', arguments)} failed ({failed.Exit}): {failed.Output}");
    }

    private void Done(string step) => AfterStep?.Invoke(step);

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
