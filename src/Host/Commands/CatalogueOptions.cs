using System.CommandLine;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Host.Commands;

/// <summary>How the catalogue is typed and printed.</summary>
internal static class CatalogueOptions
{
    /// <summary>Stands wherever a person buys or installs.</summary>
    public const string NotMicrosoft = "Ostiary CALs: not a Microsoft license; does not license Windows.";

    public static Option<CalVersion> Version(string name, string description)
    {
        var option = new Option<CalVersion>(name)
        {
            Description = $"{description} One of {string.Join(", ", CalVersion.All)}; the newest unless said.",
            DefaultValueFactory = _ => CalVersion.Newest,
            CustomParser = result =>
            {
                if (CalVersion.TryParse(result.Tokens[0].Value, out var version))
                    return version;
                result.AddError($"{name}: {result.Tokens[0].Value} is none of {string.Join(", ", CalVersion.All)}");
                return default;
            },
        };
        return option;
    }

    public static string Describe(int quantity, CalType type, CalVersion version)
        => $"{quantity} Ostiary {type} {(quantity == 1 ? "CAL" : "CALs")}, version {version}";
}
