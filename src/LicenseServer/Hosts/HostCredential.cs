using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Hosts;

/// <summary>
/// The certificate with which a session host came. Its signature is checked once a connection, its dates at each request;
/// whether the host is still a member is looked up in the transaction of what it asks for.
/// </summary>
internal static class HostCredential
{
    private static readonly object Key = new();

    /// <summary>Any certificate with a key of curve P-256.</summary>
    /// <returns>The key, SubjectPublicKeyInfo.</returns>
    public static byte[] RequireKey(HttpContext context)
    {
        var certificate = Presented(context);
        using var key = certificate.GetECDsaPublicKey();
        if (key is null || key.ExportParameters(false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            throw new ProblemException(LicensingProblem.NotAuthenticated, "the key of the client certificate must be ECDSA of curve P-256");
        return key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>A certificate of a session host, issued by this license server's key and valid now.</summary>
    public static HostIdentity RequireMembership(HttpContext context)
    {
        var membership = Read(context);
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if (now < membership.NotBefore || now > membership.NotAfter)
            throw new ProblemException(LicensingProblem.HostNotJoined,
                $"the session host's certificate is valid from {membership.NotBefore:u} to {membership.NotAfter:u} and it is {now:u} here; let the host renew it, and check both clocks");
        return membership.Host;
    }

    /// <summary>A certificate of a session host, issued by this license server's key, which may be over: good for a new one and nothing else.</summary>
    public static HostIdentity RequirePastMembership(HttpContext context) => Read(context).Host;

    /// <exception cref="ProblemException">No such host, another key, or it was removed.</exception>
    public static JoinedHost RequireMember(JoinedHost? host, HostIdentity identity)
        => host is { RemovedAt: null } && CryptographicOperations.FixedTimeEquals(SHA256.HashData(host.PublicKey), identity.KeyHash)
            ? host
            : throw new ProblemException(LicensingProblem.HostNotJoined, "the session host is not, or no longer, a member of this license server; invite it and let it join again");

    private static Checked Read(HttpContext context)
    {
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(Key, out var known) && known is Checked before)
            return before;
        var membership = Check(Presented(context), context.RequestServices.GetRequiredService<LicenseServerIdentity>());
        if (items is not null)
            items[Key] = membership;
        return membership;
    }

    private static Checked Check(X509Certificate2 certificate, LicenseServerIdentity identity)
    {
        // Under a key that was followed, too, even a stolen one: whose certificate it is, the host's own key in the ledger says.
        if (!identity.Current.HasIssued(certificate) || !SessionHostCertificate.TryRead(certificate, out var data))
            throw new ProblemException(LicensingProblem.HostNotJoined, "the client certificate is not one that this license server issued to a session host; let the host join");
        return new(
            new(data.HostId, SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())),
            certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
    }

    private static X509Certificate2 Presented(HttpContext context)
        => context.Connection.ClientCertificate ?? throw new ProblemException(LicensingProblem.NotAuthenticated, "a client certificate is needed");

    private sealed record Checked(HostIdentity Host, DateTimeOffset NotBefore, DateTimeOffset NotAfter);
}
