using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ostiary.LicenseServer.Http;

/// <summary>Where session hosts reach this license server: as configured, else where it listens.</summary>
internal sealed class PublicAddress(LicenseServerOptions options, IServer server)
{
    public Uri Get()
    {
        if (options.PublicAddress is { } configured)
            return configured;
        var port = server.Features.Get<IServerAddressesFeature>()?.Addresses
            .Select(address => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps ? uri.Port : 0)
            .FirstOrDefault(found => found != 0) ?? options.ListenEndPoint.Port;
        var address = options.ListenEndPoint.Address;
        var host = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : address.ToString();
        return new UriBuilder(Uri.UriSchemeHttps, host, port).Uri;
    }
}
