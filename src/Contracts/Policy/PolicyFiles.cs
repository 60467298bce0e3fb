using System.Globalization;

namespace Ostiary.Contracts.Policy;

/// <summary>What the policy files of a machine say now.</summary>
/// <param name="Sources">Those that say something.</param>
/// <param name="Faults">What does not count.</param>
public sealed record PolicyReading(IReadOnlyList<PolicySourceValues> Sources, IReadOnlyList<PolicyFault> Faults)
{
    public static PolicyReading Nothing { get; } = new([], []);
}

/// <summary>
/// The policy files of a machine: registry policy files of the domain, and the machine's own file. A file that is not there says nothing. One that cannot be
/// read counts as it was when it last could, because it may be about to be written.
/// </summary>
/// <param name="domainFiles">Registry policy files; a later one goes over an earlier one.</param>
/// <param name="localFile">The machine's own.</param>
/// <param name="windowsToo">Windows' own values in the domain's files count, too.</param>
public sealed class PolicyFiles(IReadOnlyList<string> domainFiles, string localFile, bool windowsToo)
{
    public const string DefaultDomainFile = "/var/lib/ostiary/policy/Registry.pol";
    public const string DefaultLocalFile = "/etc/ostiary/policy.json";
    public const int MaxDomainFiles = 64;

    private readonly Dictionary<string, IReadOnlyList<RegistryEntry>> _lastEntries = [];
    private PolicyValues _lastLocal = PolicyValues.None;
    private string _stamp = "";

    /// <summary>Checks where the files are, for the options of a role.</summary>
    public static IEnumerable<string> Check(string domainName, IReadOnlyList<string> domainFiles, string localName, string localFile)
    {
        if (domainFiles.Count > MaxDomainFiles)
            yield return $"{domainName} has at most {MaxDomainFiles} files, not {domainFiles.Count}";
        foreach (var file in domainFiles.Where(file => !Path.IsPathFullyQualified(file)))
            yield return $"{domainName} has absolute paths, not \"{file}\"";
        if (!Path.IsPathFullyQualified(localFile))
            yield return $"{localName} is an absolute path, not \"{localFile}\"";
    }

    /// <summary>Whether a file has changed, come or gone since they were last read.</summary>
    public bool HaveChanged => Stamp() != _stamp;

    /// <summary>Reads them. Not by two at a time.</summary>
    public PolicyReading Read()
    {
        // Taken before: what changes meanwhile is read again.
        _stamp = Stamp();
        var faults = new List<PolicyFault>();
        var sources = new List<PolicySourceValues>();
        // The last file stands first: it goes over those before it. Within a file entries can delete only what stands before them in it.
        foreach (var file in domainFiles.Reverse())
        {
            var (values, wrong) = DomainPolicy.Read(ReadEntries(file, faults), file, windowsToo);
            faults.AddRange(wrong);
            if (!values.IsEmpty)
                sources.Add(new(PolicySource.Domain, file, values));
        }

        ReadLocal(faults);
        if (!_lastLocal.IsEmpty)
            sources.Add(new(PolicySource.LocalFile, localFile, _lastLocal));
        return new(sources, faults);
    }

    private IReadOnlyList<RegistryEntry> ReadEntries(string file, List<PolicyFault> faults)
    {
        try
        {
            var bytes = ReadFile(file, RegistryPolicy.MaxFile);
            return _lastEntries[file] = bytes is null ? [] : RegistryPolicy.Read(bytes);
        }
        catch (RegistryPolicyException malformed)
        {
            return Before(malformed.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return Before(unreadable.Message);
        }

        IReadOnlyList<RegistryEntry> Before(string detail)
        {
            faults.Add(new(file, "", $"the file cannot be read: {detail}{(_lastEntries.ContainsKey(file) ? "; what it said before counts" : "")}"));
            return _lastEntries.GetValueOrDefault(file) ?? [];
        }
    }

    private void ReadLocal(List<PolicyFault> faults)
    {
        try
        {
            if (ReadFile(localFile, PolicyFile.MaxBytes) is not { } bytes)
            {
                _lastLocal = PolicyValues.None;
                return;
            }

            var (values, wrong) = PolicyFile.Read(bytes, localFile);
            faults.AddRange(wrong);
            _lastLocal = values ?? _lastLocal;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            faults.Add(new(localFile, "", $"the file cannot be read: {unreadable.Message}"));
        }
    }

    // Null when it is not there.
    private static byte[]? ReadFile(string path, int most)
    {
        if (!File.Exists(path))
            return null;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        var length = stream.Length;
        if (length > most)
            throw new IOException($"it has {length} bytes, the limit is {most}");
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private string Stamp() => string.Join('|', domainFiles.Append(localFile).Select(path =>
    {
        var file = new FileInfo(path);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.LastWriteTimeUtc.Ticks}-{file.Length}") : "";
    }));
}
