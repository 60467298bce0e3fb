using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ostiary.Clearinghouse.Operations;

/// <summary>Where the HTTPS door is, once it is open.</summary>
internal sealed class ListeningAddress(ClearinghouseOptions options, IServer server)
{
    /// <summary>The address that the system gave, also for port 0.</summary>
    /// <exception cref="InvalidOperationException">The role has not started.</exception>
    public Uri Actual
        => server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault(address => address.StartsWith("https://", StringComparison.Ordinal)) is { } address
            ? new Uri(address)
            : throw new InvalidOperationException("the clearinghouse has not started");

    /// <summary>What others are told.</summary>
    public Uri Public => options.PublicAddress ?? Actual;
}
