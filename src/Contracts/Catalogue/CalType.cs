namespace Ostiary.Contracts.Catalogue;

/// <summary>What a CAL is held by.</summary>
public enum CalType
{
    /// <summary>One device, whoever uses it.</summary>
    Device = 0,

    /// <summary>One person, on any number of devices.</summary>
    User = 1,
}
