using System.Net;

namespace Ostiary.LicenseServer.Http;

/// <summary>Where session hosts reach this license server: as configured, else where it listens.</summary>
internal sealed class PublicAddress(LicenseServerOptions options, OpenDoors doors)
{
    public Uri Get()
    {
        if (options.PublicAddress is { } configured)
            return configured;
        var port = doors.Hosts?.IPEndPoint?.Port ?? options.ListenEndPoint.Port;
        var address = options.ListenEndPoint.Address;
        var host = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : address.ToString();
        return new UriBuilder(Uri.UriSchemeHttps, host, port).Uri;
    }
}
