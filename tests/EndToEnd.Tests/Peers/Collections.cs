using Ostiary.EndToEnd.Tests.Deployments;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>
/// Real peers cost memory and processor time, so at most two private xrdps run at once. A test class that starts one
/// belongs to <see cref="First"/> or <see cref="Second"/>; one test of each runs at a time. A test that needs two at
/// once, or that floods the machine or must be served in time, belongs to <see cref="Alone"/>, which runs when nothing else does.
/// </summary>
public static class RealPeers
{
    public const string First = "real peers, first";
    public const string Second = "real peers, second";
    public const string Alone = "real peers, alone";

    /// <summary>As <see cref="Alone"/>, with one deployment for all of them.</summary>
    public const string Flooded = "real peers, alone, flooded";
}

[CollectionDefinition(RealPeers.First)]
public sealed class FirstRealPeers;

[CollectionDefinition(RealPeers.Second)]
public sealed class SecondRealPeers;

[CollectionDefinition(RealPeers.Alone, DisableParallelization = true)]
public sealed class RealPeersAlone;

[CollectionDefinition(RealPeers.Flooded, DisableParallelization = true)]
public sealed class FloodedRealPeers : ICollectionFixture<UsualDeployment>;
