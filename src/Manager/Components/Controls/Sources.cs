using Ostiary.Contracts.Policy;

namespace Ostiary.Manager.Components.Controls;

/// <summary>Who says a value of policy.</summary>
internal static class Sources
{
    public static string Name(PolicySource source) => source switch
    {
        PolicySource.Domain => "the domain",
        PolicySource.LicenseServer => "the license server",
        PolicySource.LocalFile => "the machine's policy file",
        PolicySource.Configuration => "settings or invitation",
        _ => "default",
    };
}
