using Microsoft.AspNetCore.Http;

namespace Ostiary.Doors;

/// <summary>The kinds of listeners. What is served at one is not there at another.</summary>
public enum Door
{
    /// <summary>The unix socket that only the local owner and root can open; and, where it is configured, HTTPS for those who show a token.</summary>
    Administration,

    /// <summary>A license server's HTTPS, open to session hosts.</summary>
    Hosts,

    /// <summary>A clearinghouse's HTTPS: license servers and anybody else.</summary>
    Public,

    /// <summary>A signer's unix socket: its clearinghouse.</summary>
    Signing,
}

/// <summary>What each endpoint declares: the one door at which it is served.</summary>
public sealed record DoorMetadata(Door Door);

/// <summary>What an endpoint demands of a caller beside the door and the role; it throws when the caller has not got it.</summary>
public interface IRequirement
{
    void Require(HttpContext context);
}

/// <summary>Bytes of a body that an endpoint takes, where that is not what its listener does.</summary>
public sealed record BodyLimitMetadata(long Bytes);
