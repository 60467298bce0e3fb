using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ostiary.LicenseServer.Http;

/// <summary>The listeners over the network, by their door. After the start each has the port that it listens on.</summary>
internal sealed class OpenDoors
{
    public ListenOptions? Hosts { get; set; }

    /// <summary>Null where administration is local only.</summary>
    public ListenOptions? Administration { get; set; }

    /// <summary>The HTTPS address of a listener of ours.</summary>
    /// <exception cref="InvalidOperationException">It is not open.</exception>
    public static Uri AddressOf(ListenOptions? listener)
        => listener?.IPEndPoint is { } endPoint ? new($"https://{endPoint}") : throw new InvalidOperationException("the license server does not listen there");
}
