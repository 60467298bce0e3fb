using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Doors;

/// <summary>Bodies of requests. The server's limit on their length holds for all.</summary>
internal static class Body
{
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
                ?? throw new ProblemException(LicensingProblem.InvalidField, "the body is empty");
        }
        catch (JsonException malformed)
        {
            // The path names the member; the message of the exception could quote what was sent.
            var member = malformed.Path?.TrimStart('$', '.');
            throw new ProblemException(
                LicensingProblem.InvalidField, $"the body is not the JSON of this route (at {malformed.Path ?? "$"})", string.IsNullOrEmpty(member) ? null : member);
        }
    }

    public static async Task<byte[]> ReadBytesAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    /// <summary>A member that the route cannot do without.</summary>
    public static T Require<T>(T? value, string field)
        where T : class
        => value ?? throw new ProblemException(LicensingProblem.InvalidField, $"{field} is required", field);
}
