using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors;

/// <summary>What an endpoint of the administration is for, takes and answers.</summary>
/// <param name="Summary">One line.</param>
/// <param name="Answer">The type of its JSON answer; null where it answers something else.</param>
/// <param name="IsPaged">Whether it is a list, with <c>after</c> and <c>limit</c>.</param>
public sealed record SpeechMetadata(string Summary, Type? Answer, bool IsPaged);

/// <summary>What an endpoint reads from the query beside <c>after</c> and <c>limit</c>; never required.</summary>
public sealed record QueryMetadata(string Name, JsonSchemaType Type, string Description);

/// <summary><c>GET /openapi/v1.json</c>: the API of a door, made of what its endpoints declare.</summary>
public static class ApiDescription
{
    private const string Version = "v1";
    private const string Scheme = "token";

    // Handlers take the whole request: what the framework would read from their parameters, they declare.
    private static readonly MethodInfo NoParameters = ((Delegate)Nothing).Method;

    /// <summary>What the body is, in JSON.</summary>
    public static IEndpointConventionBuilder Takes<T>(this IEndpointConventionBuilder endpoint)
        => endpoint.WithMetadata(new Microsoft.AspNetCore.Http.Metadata.AcceptsMetadata(["application/json"], typeof(T)));

    /// <summary>What may stand in the query.</summary>
    public static IEndpointConventionBuilder TakesQuery(this IEndpointConventionBuilder endpoint, string name, string description, JsonSchemaType type = JsonSchemaType.String)
        => endpoint.WithMetadata(new QueryMetadata(name, type, description));

    /// <summary>What the answer is, in JSON.</summary>
    public static IEndpointConventionBuilder Answers<T>(this IEndpointConventionBuilder endpoint, string summary) => Answers(endpoint, summary, typeof(T), "application/json", isPaged: false);

    /// <summary>A page of a list.</summary>
    public static IEndpointConventionBuilder AnswersPage<T>(this IEndpointConventionBuilder endpoint, string summary) => Answers(endpoint, summary, typeof(Page<T>), "application/json", isPaged: true);

    /// <summary>An answer that is not JSON.</summary>
    public static IEndpointConventionBuilder AnswersFile(this IEndpointConventionBuilder endpoint, string summary, string contentType) => Answers(endpoint, summary, null, contentType, isPaged: false);

    /// <param name="services">Of the role.</param>
    /// <param name="door">Whose routes it describes: those that say what they answer.</param>
    /// <param name="title">What the document is about.</param>
    public static void AddApiDescription(this IServiceCollection services, Door door, string title)
    {
        services.AddOpenApi(DocumentOf(door), options =>
        {
            options.ShouldInclude = description => description.ActionDescriptor.EndpointMetadata is var metadata
                && metadata.OfType<DoorMetadata>().Any(declared => declared.Door == door) && metadata.OfType<SpeechMetadata>().Any();
            options.AddDocumentTransformer((document, _, _) => DescribeAsync(document, door, title));
            options.AddOperationTransformer(DescribeAsync);
            options.AddSchemaTransformer(DescribeAsync);
        });
        // The schemas are those of the JSON that is read and written.
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default);
            options.SerializerOptions.Converters.Add(new KebabCaseEnumConverter());
            options.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            options.SerializerOptions.RespectNullableAnnotations = true;
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
    }

    /// <summary>Serves the document of a door at that door; administration's for those who may see something there.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder routes, Door door)
    {
        var document = routes.MapGet(RouteOf(door), context => WriteAsync(context, DocumentOf(door))).At(door);
        if (door == Door.Administration)
            document.For(AccountRole.Reader);
    }

    // The framework's own route serves one document, whatever its path.
    private static async Task WriteAsync(HttpContext context, string name)
    {
        var document = await context.RequestServices.GetRequiredKeyedService<IOpenApiDocumentProvider>(name).GetOpenApiDocumentAsync(context.RequestAborted).ConfigureAwait(false);
        context.Response.ContentType = "application/json;charset=utf-8";
        await context.Response.WriteAsync(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, context.RequestAborted).ConfigureAwait(false), context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Where the document of a door is.</summary>
    public static string RouteOf(Door door) => $"/openapi/{DocumentOf(door)}.json";

    private static string DocumentOf(Door door) => door == Door.Administration ? Version : $"{KebabCase.Of(door)}-{Version}";

    private static IEndpointConventionBuilder Answers(IEndpointConventionBuilder endpoint, string summary, Type? answer, string contentType, bool isPaged)
    {
        // The topic is the first word of the path behind the version.
        endpoint.Add(builder => builder.Metadata.Add(new TagsAttribute(((RouteEndpointBuilder)builder).RoutePattern.RawText!.Split('/')[2])));
        // In the place of the handler's own method.
        endpoint.Finally(builder =>
        {
            foreach (var handler in builder.Metadata.OfType<MethodInfo>().ToList())
                builder.Metadata.Remove(handler);
            builder.Metadata.Add(NoParameters);
        });
        return endpoint.WithMetadata(
            new SpeechMetadata(summary, answer, isPaged),
            new ProducesResponseTypeMetadata(StatusCodes.Status200OK, answer ?? typeof(Stream), [contentType]),
            new ProducesResponseTypeMetadata(StatusCodes.Status400BadRequest, typeof(ProblemBody), [ProblemBody.ContentType]));
    }

    private static Task DescribeAsync(OpenApiDocument document, Door door, string title)
    {
        document.Info = new() { Title = title, Version = Version };
        // Where it is, is everybody's own; the document is the same everywhere.
        document.Servers = [];
        if (door != Door.Administration)
            return Task.CompletedTask;
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The token of POST /v1/sign-in or POST /v1/tokens." },
        };
        return Task.CompletedTask;
    }

    private static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var speech = metadata.OfType<SpeechMetadata>().Single();
        var path = context.Description.RelativePath!;
        operation.OperationId = string.Join('-', path.Split('/')[1..].Select(segment => segment.Trim('{', '}')).Prepend(context.Description.HttpMethod!.ToLowerInvariant()));
        operation.Summary = speech.Summary;
        operation.Parameters = [.. Parameters(path, speech, metadata.OfType<QueryMetadata>())];
        if (metadata.OfType<RoleMetadata>().SingleOrDefault()?.Least is { } least)
        {
            operation.Description = $"For the role {KebabCase.Of(least)}.";
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        }

        // Declared for one status, because an endpoint can declare no other way; problems have many.
        operation.Responses!.Remove($"{StatusCodes.Status400BadRequest}", out var problem);
        operation.Responses["default"] = new OpenApiResponse { Description = "A problem; docs/api.md lists the codes.", Content = problem!.Content };
        return Task.CompletedTask;
    }

    private static IEnumerable<IOpenApiParameter> Parameters(string path, SpeechMetadata speech, IEnumerable<QueryMetadata> queries)
    {
        foreach (var segment in path.Split('/').Where(segment => segment.StartsWith('{')))
            yield return new OpenApiParameter { Name = segment.Trim('{', '}'), In = ParameterLocation.Path, Required = true, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        foreach (var query in queries)
            yield return new OpenApiParameter { Name = query.Name, In = ParameterLocation.Query, Description = query.Description, Schema = new OpenApiSchema { Type = query.Type } };
        if (!speech.IsPaged)
            yield break;
        yield return new OpenApiParameter
        {
            Name = "after",
            In = ParameterLocation.Query,
            Description = "The next of the page before; absent for the first page.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
        yield return new OpenApiParameter
        {
            Name = "limit",
            In = ParameterLocation.Query,
            Description = "Items at most.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = $"{Json.MostItems}", Default = JsonValue.Create(Json.DefaultItems) },
        };
    }

    // A version is written by a converter of ours; and what is null is left out, so that no member that may be null is always there.
    private static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        if (context.JsonTypeInfo.Type == typeof(CalVersion) || context.JsonTypeInfo.Type == typeof(CalVersion?))
        {
            schema.Type = JsonSchemaType.Integer;
            schema.Enum = [.. CalVersion.All.Select(version => (JsonNode)JsonValue.Create(version.Year))];
        }

        foreach (var property in context.JsonTypeInfo.Properties.Where(property => property.IsGetNullable || property.IsSetNullable))
            schema.Required?.Remove(property.Name);
        schema.Description = schema.Description?.Replace("&amp;", "&", StringComparison.Ordinal);
        return Task.CompletedTask;
    }

    private static void Nothing()
    {
    }
}
