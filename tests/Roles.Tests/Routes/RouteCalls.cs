using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;

namespace Ostiary.Roles.Tests.Routes;

/// <summary>A route of a running role.</summary>
/// <param name="Endpoint">As the program has it.</param>
/// <param name="Method">GET, POST, PUT or DELETE.</param>
/// <param name="Pattern">The path, with names in braces.</param>
internal sealed record Route(RouteEndpoint Endpoint, HttpMethod Method, string Pattern)
{
    public string Name => $"{Method} {Pattern}";

    public bool HasBody => Method == HttpMethod.Post || Method == HttpMethod.Put;

    /// <summary>The routes, from the running program.</summary>
    public static IReadOnlyList<Route> Of(WebApplication role) => Of(role.Services);

    public static IReadOnlyList<Route> Of(IServiceProvider role)
        => [.. role.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(IsApi).Select(endpoint =>
            new Route(endpoint, new(endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single()), endpoint.RoutePattern.RawText!))];

    // Pages for people answer with pages; their tests are their own.
    private static bool IsApi(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText is { } pattern && pattern != "/" && !pattern.StartsWith("/web", StringComparison.Ordinal) && !pattern.StartsWith("/operator", StringComparison.Ordinal);

    public T? Says<T>()
        where T : class => Endpoint.Metadata.GetMetadata<T>();

    public override string ToString() => Name;
}

/// <summary>What came back: the status and, where it is a problem, the problem.</summary>
internal sealed record Reply(int Status, ProblemBody? Problem)
{
    public override string ToString() => Problem is null ? $"{Status}" : $"{Status} {KebabCase.Of(Problem.Code)} ({Problem.Field ?? "no field"}: {Problem.Detail})";
}

internal static class RouteCalls
{
    /// <summary>Calls a route.</summary>
    /// <param name="http">Who calls, and where.</param>
    /// <param name="route">The route.</param>
    /// <param name="path">The path, without names in braces, with its query.</param>
    /// <param name="body">For POST and PUT.</param>
    public static async Task<Reply> CallAsync(this HttpClient http, Route route, string path, string? body)
    {
        using var response = await Patiently.SendAsync(
            http,
            () => new(route.Method, path.TrimStart('/')) { Content = route.HasBody ? new StringContent(body ?? "", Encoding.UTF8, "application/json") : null },
            TestPublisher.Cancellation);
        var status = (int)response.StatusCode;
        if (response.IsSuccessStatusCode)
            return new(status, null);
        if (response.Content.Headers.ContentType?.MediaType != ProblemBody.ContentType)
            return new(status, new(status, LicensingProblem.InternalError, "", "what failed is not answered with problem details", null));
        return new(status, JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(TestPublisher.Cancellation), ContractsJson.Default.ProblemBody)!);
    }

    /// <summary>All rows of all tables, but for what is written down of every visit.</summary>
    public static string Snapshot(string? database, string file)
    {
        string[] visits = ["last_used_at", "last_seen_at", "touches", "signature", "lastusedat"];
        if (database is not null)
            return TestDatabases.Dump(database, visits);
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False;Mode=ReadOnly");
        connection.Open();
        var text = new StringBuilder();
        foreach (var table in Read("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").Select(row => row[0]))
        {
            var columns = Read($"SELECT name FROM pragma_table_info('{table}')").Select(row => row[0]).Except(visits);
            text.Append("== ").Append(table).Append('\n');
            foreach (var row in Read($"SELECT {string.Join(", ", columns.Select(column => $"quote(\"{column}\")"))} FROM \"{table}\" ORDER BY rowid"))
                text.AppendJoin(' ', row).Append('\n');
        }

        return text.ToString();

        List<string[]> Read(string sql)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of our own tables and columns.
            command.CommandText = sql;
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            List<string[]> rows = [];
            while (reader.Read())
                rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(index => reader.IsDBNull(index) ? "" : reader.GetString(index))]);
            return rows;
        }
    }

    /// <summary>Bodies that are JSON, each with one member of a form that the type does not take. Of a list it is the first item.</summary>
    public static IEnumerable<(string Member, string Body)> Malformed(Type body)
        => ContractsJson.Default.GetTypeInfo(body)!.Properties.Select(property => (
            property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? $"{property.Name}[0]" : property.Name,
            $$"""{"{{property.Name}}":[[]]}"""));

    /// <summary>The good body again and again, each time with one of its members, at any depth, of another value, or left out.</summary>
    public static IEnumerable<string> Odd(string good)
    {
        string?[] values =
        [
            null, "null", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", $"\"{new string('x', 5_000)}\"", "0", "-1", "2147483647", "1e300", "true", "[]", "[null]", "{}", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"",
        ];
        var places = Places(JsonNode.Parse(good)!).Select(place => place.GetPath()).ToList();
        foreach (var (place, value) in places.SelectMany(place => values, (place, value) => (place, value)))
        {
            var body = JsonNode.Parse(good)!;
            var node = Places(body).Single(node => node.GetPath() == place);
            if (value is not null)
                // Put in as text: some of the values are none that could be read.
                node.ReplaceWith(Mark);
            else if (node.Parent is JsonObject parent)
                parent.Remove(node.GetPropertyName());
            else
                continue;
            yield return body.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal);
        }
    }

    private const string Mark = "odd-value";

    private static IEnumerable<JsonNode> Places(JsonNode node) => node switch
    {
        JsonObject members => members.Select(member => member.Value!).SelectMany(value => Places(value).Prepend(value)),
        JsonArray items => items.SelectMany(item => Places(item!).Prepend(item!)),
        _ => [],
    };
}
