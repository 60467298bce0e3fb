namespace Ostiary.Contracts.Policy;

/// <summary>Where a value of policy comes from; the first one wins.</summary>
public enum PolicySource
{
    /// <summary>A group policy object of the domain.</summary>
    Domain = 0,

    /// <summary>A license server: for a group of its session hosts, or for itself.</summary>
    LicenseServer = 1,

    /// <summary>The policy file of this machine.</summary>
    LocalFile = 2,

    /// <summary>The role's settings, and the invitation with which a session host joined.</summary>
    Configuration = 3,

    Default = 4,
}

/// <summary>A source with what it says.</summary>
/// <param name="Source">Which one.</param>
/// <param name="Origin">The file, the group or the setting.</param>
/// <param name="Values">What it says.</param>
public sealed record PolicySourceValues(PolicySource Source, string Origin, PolicyValues Values);

/// <summary>Something in a source that does not count. The rest of the source does.</summary>
/// <param name="Origin">The file, or who said it.</param>
/// <param name="Field">The value's name; empty where the whole source cannot be read.</param>
/// <param name="Detail">What is wrong, and the limit.</param>
public sealed record PolicyFault(string Origin, string Field, string Detail);
