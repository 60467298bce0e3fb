using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>What is published of the API is what the program does.</summary>
public sealed class ApiDescriptionTests
{
    /// <summary>Set it to write the document anew: the change is then in the diff of the commit that makes it.</summary>
    private const string WriteVariable = "OSTIARY_WRITE_API";

    [Fact]
    public async Task The_checked_in_OpenAPI_document_is_the_running_programs()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var running = await server.Remote(await server.TokenAsync(AccountRole.Reader)).GetStringAsync("openapi/v1.json", TestPublisher.Cancellation);
        await CompareAsync(running, "license-server.json");
    }

    [Fact]
    public async Task So_are_those_of_a_clearinghouse_for_operators_and_for_license_servers()
    {
        await using var publisher = await TestPublisher.StartAsync();
        await CompareAsync(await publisher.AdministrationHttp.GetStringAsync("openapi/v1.json", TestPublisher.Cancellation), "clearinghouse.json");
        await CompareAsync(await publisher.Http.GetStringAsync("openapi/public-v1.json", TestPublisher.Cancellation), "clearinghouse-public.json");
    }

    private static async Task CompareAsync(string document, string file)
    {
        var running = document.ReplaceLineEndings("\n") + "\n";
        var path = Docs($"api/{file}");
        if (Environment.GetEnvironmentVariable(WriteVariable) is { Length: > 0 })
            await File.WriteAllTextAsync(path, running, TestPublisher.Cancellation);

        Assert.True(running == await File.ReadAllTextAsync(path, TestPublisher.Cancellation), $"{path} is not what the program says; run this test with {WriteVariable}=1 and look at the difference");
    }

    [Fact]
    public async Task Every_route_of_the_administration_is_in_the_document_with_what_it_takes_and_answers()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        await DescribesAsync(server.App, Door.Administration, server.AdministrationHttp);
    }

    [Fact]
    public async Task Every_route_of_a_clearinghouse_is_in_the_document_of_its_door()
    {
        await using var publisher = await TestPublisher.StartAsync();
        await DescribesAsync(publisher.ClearinghouseApp, Door.Administration, publisher.AdministrationHttp);
        await DescribesAsync(publisher.ClearinghouseApp, Door.Public, publisher.Http);
    }

    // Pages for people are in none.
    private static async Task DescribesAsync(WebApplication role, Door door, HttpClient http)
    {
        var document = JsonNode.Parse(await http.GetStringAsync(ApiDescription.RouteOf(door).TrimStart('/'), TestPublisher.Cancellation))!;
        var routes = role.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetRequiredMetadata<DoorMetadata>().Door == door && endpoint.RoutePattern.RawText!.StartsWith("/v1/", StringComparison.Ordinal))
            .Select(endpoint => $"{endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single()} {endpoint.RoutePattern.RawText}").Order(StringComparer.Ordinal);

        var described = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}")).Order(StringComparer.Ordinal);

        Assert.Equal(routes, described);
        Assert.All(document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()), operation =>
        {
            Assert.NotNull(operation.Value!["responses"]!["200"]!["content"]);
            Assert.Equal("#/components/schemas/ProblemBody", (string?)operation.Value["responses"]!["default"]!["content"]![ProblemBody.ContentType]!["schema"]!["$ref"]);
        });
    }

    [Fact]
    public void The_page_lists_every_code_with_its_status_and_meaning()
    {
        var page = File.ReadAllLines(Docs("api.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal) && line.Count(symbol => symbol == '|') == 4)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..4]).Select(cells => string.Join(' ', cells)).Order(StringComparer.Ordinal);

        var program = Enum.GetValues<LicensingProblem>().Select(problem => ProblemBody.Of(problem)).Select(body => $"`{KebabCase.Of(body.Code)}` {body.Status} {body.Title}").Order(StringComparer.Ordinal);

        Assert.Equal(program, page);
    }

    private static string Docs(string name, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs", name));
}
