using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Ostiary.Doors;

namespace Ostiary.LicenseServer.Hosts;

/// <summary>What a caller at the hosts' door must show.</summary>
internal enum Credential
{
    /// <summary>Nothing: what is answered is checked for itself, and holds nothing of anybody.</summary>
    None,

    /// <summary>Any client certificate: TLS proves that the caller holds its key.</summary>
    OwnKey,

    /// <summary>A certificate that this license server issued to a session host.</summary>
    Membership,

    /// <summary>The same, whether or not it is still in its dates: a host that was switched off for longer comes back this way.</summary>
    PastMembership,
}

/// <summary>What each endpoint at the hosts' door declares.</summary>
internal sealed record CredentialMetadata(Credential Credential) : IRequirement
{
    /// <summary>Bytes of a session host's request.</summary>
    public const int BodyLimit = 16 * 1024;

    public void Require(HttpContext context)
    {
        switch (Credential)
        {
            case Credential.None:
                break;
            case Credential.OwnKey:
                HostCredential.RequireKey(context);
                break;
            case Credential.Membership:
                HostCredential.RequireMembership(context);
                break;
            case Credential.PastMembership:
                HostCredential.RequirePastMembership(context);
                break;
        }
    }
}

internal static class CredentialExtensions
{
    /// <summary>For session hosts that show this.</summary>
    public static TBuilder AtHosts<TBuilder>(this TBuilder endpoint, Credential credential)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.At(Door.Hosts).WithMetadata(new CredentialMetadata(credential), new BodyLimitMetadata(CredentialMetadata.BodyLimit));
}
