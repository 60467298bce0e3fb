using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Ostiary.Contracts.Policy;

/// <summary>What registry policy files say about our values. Later entries go over earlier ones, and so do later files, as group policy objects are applied.</summary>
public static class DomainPolicy
{
    public const string Key = @"Software\Policies\Ostiary";

    /// <summary>Where Windows' own session hosts have theirs; read only where that is asked for.</summary>
    public const string WindowsKey = @"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services";

    private const int MaxShown = 80;
    private const string DeletesOne = "**del.";
    private const string DeletesAll = "**delvals.";
    private const string DeletesSome = "**DeleteValues";
    private const string DeletesKeys = "**DeleteKeys";
    private const string Soft = "**soft.";

    // Of Windows' values those that mean the same here. The tooltip is the other way round: 1 hides.
    private static readonly Dictionary<string, (string Name, Func<string, string> Value)> WindowsNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["LicenseServers"] = ("licenseServers", text => text),
        ["LicensingMode"] = ("licensingMode", text => text is "2" or "4" ? text : "?"),
        ["fDisableTerminalServerTooltip"] = ("notifications", text => text switch { "1" => "0", "0" => "1", _ => text }),
        ["fSecureLicensing"] = ("securityGroup", text => text),
        ["fPreventLicenseUpgrade"] = ("preventLicenseUpgrade", text => text),
    };

    /// <summary>Reads entries into values.</summary>
    /// <param name="entries">Of one or more files, in the order in which they apply.</param>
    /// <param name="origin">How faults name them.</param>
    /// <param name="windowsToo">Windows' own values count, too, beneath ours.</param>
    public static (PolicyValues Values, IReadOnlyList<PolicyFault> Faults) Read(IReadOnlyList<RegistryEntry> entries, string origin, bool windowsToo)
    {
        var faults = new List<PolicyFault>();
        var values = PolicyValues.None;
        if (windowsToo)
            foreach (var (name, entry) in Remaining(entries, WindowsKey))
                if (WindowsNames.TryGetValue(name, out var known))
                    Take(PolicyCatalogue.Find(known.Name)!, name, entry, known.Value);
        foreach (var (name, entry) in Remaining(entries, Key))
        {
            if (PolicyCatalogue.All.FirstOrDefault(definition => definition.ValueName.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } definition)
                Take(definition, name, entry, text => text);
            else
                faults.Add(new(origin, name, $"there is no policy of this name; there are {string.Join(", ", PolicyCatalogue.All.Select(known => known.ValueName))}"));
        }

        return (values, faults);

        void Take(PolicyDefinition definition, string name, RegistryEntry entry, Func<string, string> translate)
        {
            if (TextOf(entry) is not { } text)
                faults.Add(new(origin, name, $"a value of type {(int)entry.Type} with {entry.Data.Length} bytes is no text and no number"));
            else if (definition.Read(values, translate(text)) is { } read)
                values = read;
            else
                faults.Add(new(origin, name, $"it is {definition.Limits}, not \"{Shown(text)}\""));
        }
    }

    // What is left of a key's values when all entries, the deleting ones too, have been applied in order.
    private static Dictionary<string, RegistryEntry> Remaining(IReadOnlyList<RegistryEntry> entries, string key)
    {
        var remaining = new Dictionary<string, RegistryEntry>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in entries)
        {
            if (entry.ValueName.Equals(DeletesKeys, StringComparison.OrdinalIgnoreCase))
            {
                if (Names(entry).Any(name => IsUnder(key, entry.Key.Length == 0 ? name : entry.Key + "\\" + name)))
                    remaining.Clear();
            }
            else if (!entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                // Another program's.
            }
            else if (entry.ValueName.StartsWith(DeletesAll, StringComparison.OrdinalIgnoreCase))
            {
                remaining.Clear();
            }
            else if (entry.ValueName.Equals(DeletesSome, StringComparison.OrdinalIgnoreCase))
            {
                foreach (var name in Names(entry))
                    remaining.Remove(name);
            }
            else if (entry.ValueName.StartsWith(DeletesOne, StringComparison.OrdinalIgnoreCase))
            {
                remaining.Remove(entry.ValueName[DeletesOne.Length..]);
            }
            else if (entry.ValueName.StartsWith(Soft, StringComparison.OrdinalIgnoreCase))
            {
                remaining.TryAdd(entry.ValueName[Soft.Length..], entry);
            }
            else if (entry.ValueName.Length > 0)
            {
                // An empty name creates the key and no value.
                remaining[entry.ValueName] = entry;
            }
        }

        return remaining;
    }

    private static string[] Names(RegistryEntry entry)
        => (TextOf(entry) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsUnder(string key, string deleted)
        => key.Equals(deleted, StringComparison.OrdinalIgnoreCase) || key.StartsWith(deleted + "\\", StringComparison.OrdinalIgnoreCase);

    private static string? TextOf(RegistryEntry entry) => entry switch
    {
        { Type: RegistryType.Number, Data.Length: 4 } => BinaryPrimitives.ReadUInt32LittleEndian(entry.Data).ToString(CultureInfo.InvariantCulture),
        { Type: RegistryType.BigEndianNumber, Data.Length: 4 } => BinaryPrimitives.ReadUInt32BigEndian(entry.Data).ToString(CultureInfo.InvariantCulture),
        { Type: RegistryType.LongNumber, Data.Length: 8 } => BinaryPrimitives.ReadUInt64LittleEndian(entry.Data).ToString(CultureInfo.InvariantCulture),
        { Type: RegistryType.Text or RegistryType.ExpandableText or RegistryType.TextList } when entry.Data.Length % 2 == 0 => Encoding.Unicode.GetString(entry.Data).TrimEnd('\0'),
        _ => null,
    };

    private static string Shown(string text)
        => string.Concat(text.Take(MaxShown).Select(symbol => char.IsControl(symbol) ? '\uFFFD' : symbol)) + (text.Length > MaxShown ? "…" : "");
}
