using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Ostiary.Contracts.Problems;
using Ostiary.Doors.Accounts;

namespace Ostiary.Doors;

/// <summary>
/// Keeps the doors apart: a listener marks its connections, an endpoint declares its door, and a request passes only where they agree.
/// Invariant: an endpoint that declares nothing is served nowhere, and one without a role is for nobody.
/// </summary>
public static class DoorGuard
{
    /// <summary>Marks the connections of a listener: a header could be forged, this cannot.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="door">What is served there.</param>
    /// <param name="isLocal">Whether its connections come from this machine's owner or root: what they connect to has let nobody else in.</param>
    public static void IsDoor(this ListenOptions listener, Door door, bool isLocal = false) => listener.Use(next => connection =>
    {
        connection.Features.Set(new DoorFeature(door, isLocal));
        return next(connection);
    });

    public static TBuilder At<TBuilder>(this TBuilder endpoint, Door door)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new DoorMetadata(door));

    public static async Task Guard(HttpContext context, RequestDelegate next)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        var connection = context.Features.Get<DoorFeature>();
        if (metadata?.GetMetadata<DoorMetadata>() is not { } declared || connection is null || connection.Door != declared.Door)
            throw new ProblemException(LicensingProblem.NotFound, $"{context.Request.Method} {context.Request.Path} is not served here");
        if (metadata.GetMetadata<BodyLimitMetadata>() is { } limit)
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limit.Bytes;
        RequireSize(context);
        if (declared.Door == Door.Administration)
            // Said here, above everything that the request does: what a method called from here says would not be heard beside it.
            Author.Current = await RequireRoleAsync(context, connection).ConfigureAwait(false);
        foreach (var requirement in metadata.GetOrderedMetadata<IRequirement>())
            requirement.Require(context);
        await next(context).ConfigureAwait(false);
    }

    /// <summary>Whether a request came to the administrators' door over the network.</summary>
    public static bool IsRemoteAdministration(HttpContext context) => context.Features.Get<DoorFeature>() is { Door: Door.Administration, IsLocal: false };

    // Also where the route reads no body: what is too large is so everywhere.
    private static void RequireSize(HttpContext context)
    {
        var limit = context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize;
        if (context.Request.ContentLength > limit)
            throw new ProblemException(LicensingProblem.BodyTooLarge, $"the body has {context.Request.ContentLength} bytes; at most {limit} are taken");
    }

    /// <returns>Who it is, for the audit; nobody where anybody may come.</returns>
    private static async Task<string> RequireRoleAsync(HttpContext context, DoorFeature connection)
    {
        var role = context.GetEndpoint()!.Metadata.GetMetadata<RoleMetadata>() ?? throw new ProblemException(LicensingProblem.NotAllowed, "the route is for nobody");
        if (role.Least is not { } least)
            return "";
        var caller = connection.IsLocal ? Caller.Root : await TokenCredential.RequireAsync(context).ConfigureAwait(false);
        caller.Require(least);
        context.Features.Set(caller);
        return caller.Name;
    }

    private sealed record DoorFeature(Door Door, bool IsLocal);
}
