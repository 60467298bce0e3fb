using Ostiary.Host.Commands;

namespace Ostiary.Host.Roles;

/// <summary>
/// Settings of the roles, a section a role, named as the role's options class: with the default state folder what <c>roles install</c> has decided
/// (<c>/etc/ostiary/roles.d</c>) and the administrator's <c>/etc/ostiary/ostiary.json</c>; then <c>STATE/ostiary.json</c>, then <c>--set</c>.
/// </summary>
internal sealed class Settings
{
    private const string AdministratorsFile = "/etc/ostiary/ostiary.json";

    private readonly IConfigurationRoot _configuration;

    private Settings(string state, IConfigurationRoot configuration)
    {
        State = state;
        _configuration = configuration;
    }

    /// <summary>The state folder; a role's own files are in the folder of its name.</summary>
    public string State { get; }

    public static Settings Load(string state, IReadOnlyList<string> set)
    {
        var malformed = set.Where(text => text.IndexOf('=', StringComparison.Ordinal) <= 0).ToList();
        if (malformed.Count > 0)
            throw new SettingsException([.. malformed.Select(text => $"--set {text}: it is NAME=VALUE, e.g. SessionHost:Listen=0.0.0.0:3389")]);
        var pairs = set.Select(text => KeyValuePair.Create(text[..text.IndexOf('=', StringComparison.Ordinal)], (string?)text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..]));
        var builder = new ConfigurationBuilder();
        foreach (var file in Files(state))
            builder.AddJsonFile(file, optional: true, reloadOnChange: false);
        try
        {
            return new(state, builder.AddInMemoryCollection(pairs).Build());
        }
        catch (InvalidDataException malformedFile)
        {
            // The outer one names the file, the inner one the place in it.
            throw new SettingsException([$"{malformedFile.Message} {malformedFile.InnerException?.Message}".TrimEnd()]);
        }
    }

    // Another state folder is another installation.
    private static IEnumerable<string> Files(string state)
    {
        if (state == GlobalOptions.DefaultState)
        {
            if (Directory.Exists(Setup.RoleInstaller.SettingsFolder))
                foreach (var file in Directory.GetFiles(Setup.RoleInstaller.SettingsFolder, "*.json").Order(StringComparer.Ordinal))
                    yield return file;
            yield return AdministratorsFile;
        }

        yield return Path.Combine(state, "ostiary.json");
    }

    /// <summary>The same settings with some more beneath them, which apply where nothing else is said.</summary>
    public Settings WithDefaults(params (string Name, string Value)[] defaults) => new(State, new ConfigurationBuilder()
        .AddInMemoryCollection(defaults.Select(pair => KeyValuePair.Create(pair.Name, (string?)pair.Value)))
        .AddConfiguration(_configuration)
        .Build());

    public string? this[string name] => _configuration[name];

    /// <summary>Fills a role's options; a name that the role does not know, or a value of the wrong kind, is an error.</summary>
    public T Bind<T>(string section)
        where T : class
    {
        try
        {
            return _configuration.GetSection(section).Get<T>(binder => binder.ErrorOnUnknownConfiguration = true)
                ?? throw new SettingsException([$"{section}: nothing is set"]);
        }
        catch (InvalidOperationException wrong)
        {
            throw new SettingsException([$"{section}: {wrong.Message}{(wrong.InnerException is { } inner ? $" ({inner.Message})" : "")}"]);
        }
    }
}

/// <summary>Settings are wrong: all that is, at once.</summary>
internal sealed class SettingsException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
