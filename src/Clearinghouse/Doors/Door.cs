using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Doors;

/// <summary>By which listener a request came in. Every endpoint declares its one door; through any other it does not exist.</summary>
internal enum Door
{
    /// <summary>The clearinghouse's HTTPS: license servers and anybody else.</summary>
    Public,

    /// <summary>The clearinghouse's unix socket: its operators.</summary>
    Administration,

    /// <summary>The signer's unix socket: the clearinghouse.</summary>
    Signing,
}

/// <summary>Metadata of an endpoint: the door by which it is reached.</summary>
internal sealed record DoorMetadata(Door Door);

internal static class DoorExtensions
{
    /// <summary>Marks every connection of a listener, so that a request knows by which door it came: a header could be forged, this cannot.</summary>
    public static ListenOptions IsDoor(this ListenOptions listener, Door door)
    {
        listener.Use(next => connection =>
        {
            connection.Features.Set(new DoorFeature(door));
            return next(connection);
        });
        return listener;
    }

    public static TBuilder Through<TBuilder>(this TBuilder endpoint, Door door)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new DoorMetadata(door));

    /// <summary>Denies by default: an endpoint without a door, and one behind another door, is answered as if it were not there.</summary>
    public static void UseDoors(this WebApplication app)
        => app.Use(async (context, next) =>
        {
            var endpoint = context.GetEndpoint()?.Metadata.GetMetadata<DoorMetadata>();
            var connection = context.Features.Get<DoorFeature>();
            if (endpoint is null || connection is null || endpoint.Door != connection.Door)
                throw new ProblemException(LicensingProblem.NotFound, "there is no such route here");
            await next(context);
        });

    private sealed record DoorFeature(Door Door);
}
