using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Ostiary.Contracts.Administration;

namespace Ostiary.Doors;

/// <summary>The least role that an endpoint at the administrators' door asks for; null where anybody may come, to sign in.</summary>
public sealed record RoleMetadata(AccountRole? Least);

/// <summary>What endpoints say of themselves beside their door.</summary>
public static class RouteDeclarations
{
    public static TBuilder For<TBuilder>(this TBuilder endpoint, AccountRole least)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new RoleMetadata(least));

    /// <summary>For signing in, and nothing else.</summary>
    public static TBuilder ForAnyone<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new RoleMetadata(null));
}

/// <summary>
/// Before a door opens: every endpoint has said at which door it is, and at the administrators' whom it is for.
/// The guard would serve it to nobody otherwise; but a mistake of ours is to be found when it is made.
/// </summary>
public sealed class DeclaredRoutes : IHostedLifecycleService
{
    /// <summary>Where the endpoints are mapped.</summary>
    public IEndpointRouteBuilder? Routes { get; set; }

    /// <exception cref="InvalidOperationException">With every endpoint that has not said all of it.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var routes = Routes ?? throw new InvalidOperationException("the routes were not given");
        var undeclared = routes.DataSources.SelectMany(source => source.Endpoints).Where(endpoint => !IsDeclared(endpoint)).Select(endpoint => endpoint.DisplayName).ToList();
        return undeclared.Count == 0 ? Task.CompletedTask
            : throw new InvalidOperationException($"these routes do not declare their door, or the role that they are for: {string.Join("; ", undeclared)}");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static bool IsDeclared(Endpoint endpoint) => endpoint.Metadata.GetMetadata<DoorMetadata>() switch
    {
        null => false,
        { Door: Door.Administration } => endpoint.Metadata.GetMetadata<RoleMetadata>() is not null,
        { Door: Door.Hosts } => endpoint.Metadata.GetMetadata<IRequirement>() is not null && endpoint.Metadata.GetMetadata<RoleMetadata>() is null,
        _ => endpoint.Metadata.GetMetadata<RoleMetadata>() is null,
    };
}
