using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Policy;

/// <summary>Whose value it is.</summary>
public enum PolicyScope
{
    SessionHost = 0,
    LicenseServer = 1,
}

/// <summary>One value of policy.</summary>
/// <param name="Name">Its name in JSON and on the command line.</param>
/// <param name="ValueName">Its name under the registry key.</param>
/// <param name="Scope">Whose it is.</param>
/// <param name="Limits">What it may be, as an error says it.</param>
/// <param name="Get">It, of a source; null where that says nothing about it.</param>
/// <param name="Read">Puts a text into a source; null when the text is not right.</param>
public sealed record PolicyDefinition(
    string Name, string ValueName, PolicyScope Scope, string Limits, Func<PolicyValues, object?> Get, Func<PolicyValues, string, PolicyValues?> Read)
{
    /// <summary>How a value is written, on every screen and in every record.</summary>
    public static string Format(object value) => value switch
    {
        IReadOnlyList<string> list => string.Join(", ", list),
        bool yes => yes ? "true" : "false",
        int number => number.ToString(CultureInfo.InvariantCulture),
        LicensingMode mode => mode == LicensingMode.PerUser ? "per-user" : "per-device",
        UserOverUse overUse => overUse == UserOverUse.Track ? "track" : "enforce",
        _ => throw new ArgumentException($"a value of policy is not of type {value.GetType().Name}", nameof(value)),
    };
}

/// <summary>Every value of policy there is.</summary>
public static class PolicyCatalogue
{
    public const int MaxLicenseServers = 16;
    public const int MaxServerName = 255;
    public const int MaxGraceWarningDays = 120;

    public static IReadOnlyList<PolicyDefinition> All { get; } =
    [
        new("licenseServers", "LicenseServers", PolicyScope.SessionHost,
            $"1 to {MaxLicenseServers} license servers, each a name or an address of at most {MaxServerName} characters, with or without a port",
            values => values.LicenseServers,
            (values, text) => ReadServers(text) is { } servers ? values with { LicenseServers = servers } : null),
        new("licensingMode", "LicensingMode", PolicyScope.SessionHost, "per-device or per-user (in the registry 2 or 4)",
            values => values.LicensingMode,
            (values, text) => text switch
            {
                "per-device" or "2" => values with { LicensingMode = LicensingMode.PerDevice },
                "per-user" or "4" => values with { LicensingMode = LicensingMode.PerUser },
                _ => null,
            }),
        Switch("observe", "Observe", PolicyScope.SessionHost, values => values.Observe, (values, on) => values with { Observe = on }),
        Switch("notifications", "Notifications", PolicyScope.SessionHost, values => values.Notifications, (values, on) => values with { Notifications = on }),
        new("graceWarningDays", "GraceWarningDays", PolicyScope.SessionHost, $"0 to {MaxGraceWarningDays} days",
            values => values.GraceWarningDays,
            (values, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days <= MaxGraceWarningDays
                ? values with { GraceWarningDays = days }
                : null),
        Switch("securityGroup", "SecurityGroup", PolicyScope.LicenseServer, values => values.SecurityGroup, (values, on) => values with { SecurityGroup = on }),
        Switch("preventLicenseUpgrade", "PreventLicenseUpgrade", PolicyScope.LicenseServer, values => values.PreventLicenseUpgrade, (values, on) => values with { PreventLicenseUpgrade = on }),
        new("overUse", "OverUse", PolicyScope.LicenseServer, "enforce or track (in the registry 0 or 1)",
            values => values.OverUse,
            (values, text) => text switch
            {
                "enforce" or "0" => values with { OverUse = UserOverUse.Enforce },
                "track" or "1" => values with { OverUse = UserOverUse.Track },
                _ => null,
            }),
    ];

    /// <summary>What counts where nobody says anything.</summary>
    public static PolicyValues Defaults { get; } = new(
        null, LicensingMode.PerDevice, Observe: false, Notifications: true, GraceWarningDays: 30, SecurityGroup: false, PreventLicenseUpgrade: false, OverUse: UserOverUse.Enforce);

    public static PolicyDefinition? Find(string name) => All.FirstOrDefault(definition => definition.Name == name);

    /// <summary>Checks values that came ready-made, e.g. in a request.</summary>
    /// <returns>The first that is not right; null when all are.</returns>
    public static PolicyDefinition? FirstWrong(PolicyValues values)
        => All.FirstOrDefault(definition => definition.Get(values) is { } value && !IsRight(definition, value));

    private static bool IsRight(PolicyDefinition definition, object value)
        => value is IReadOnlyList<string> list
            ? list.Count is > 0 and <= MaxLicenseServers && list.All(LicenseServerName.IsRight)
            : definition.Read(PolicyValues.None, PolicyDefinition.Format(value)) is not null;

    private static PolicyDefinition Switch(string name, string valueName, PolicyScope scope, Func<PolicyValues, bool?> get, Func<PolicyValues, bool, PolicyValues> set)
        => new(name, valueName, scope, "true or false (in the registry 1 or 0)", values => get(values), (values, text) => text switch
        {
            "true" or "1" => set(values, true),
            "false" or "0" => set(values, false),
            _ => null,
        });

    private static List<string>? ReadServers(string text)
    {
        if (text.Length > MaxLicenseServers * (MaxServerName + 2))
            return null;
        var servers = text.Split([',', ';', ' ', '\0', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return servers.Count is > 0 and <= MaxLicenseServers && servers.TrueForAll(LicenseServerName.IsRight) ? servers : null;
    }
}
