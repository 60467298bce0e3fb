using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors;

/// <summary>Bodies in and out.</summary>
public static class Json
{
    /// <summary>Bytes of a body at most, on every route.</summary>
    public const int BodyLimit = 64 * 1024;
    public const int DefaultItems = 100;
    public const int MostItems = 1_000;

    /// <summary>Reads a body, or says which member is not right.</summary>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted).ConfigureAwait(false)
                ?? throw new ProblemException(LicensingProblem.InvalidField, "a body is needed");
        }
        catch (JsonException malformed)
        {
            // "$.device.hardwareId" names the member; the text beside it may repeat what was sent.
            var member = malformed.Path?.TrimStart('$', '.');
            throw new ProblemException(LicensingProblem.InvalidField,
                $"the body is not the JSON that is expected, at line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}", string.IsNullOrEmpty(member) ? null : member);
        }
    }

    public static Task WriteAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(context.Response.Body, answer, type, context.RequestAborted);
    }

    /// <summary>A member that the route cannot do without.</summary>
    public static T Require<T>(T? value, string field)
        where T : class
        => value ?? throw new ProblemException(LicensingProblem.InvalidField, $"{field} is required", field);

    /// <summary>A text of a field that is given and within its limit.</summary>
    public static string Text(string? value, string field, int limit, bool mayBeEmpty = false) => value switch
    {
        null => throw new ProblemException(LicensingProblem.InvalidField, $"{field} is required", field),
        { Length: 0 } when !mayBeEmpty => throw new ProblemException(LicensingProblem.InvalidField, $"{field} is empty", field),
        _ when value.Length > limit => throw new ProblemException(LicensingProblem.InvalidField, $"{field} has {value.Length} characters; at most {limit} are taken", field),
        // PostgreSQL keeps no such text; on SQLite it is no other one.
        _ when value.Contains('\0', StringComparison.Ordinal) => throw new ProblemException(LicensingProblem.InvalidField, $"{field} holds a zero character, which is in no text", field),
        _ => value,
    };

    /// <summary>The <c>limit=</c> of a list: 1 to 1,000, 100 where it is not given.</summary>
    public static int Limit(HttpContext context)
    {
        var text = context.Request.Query["limit"].ToString();
        if (text.Length == 0)
            return DefaultItems;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MostItems
            ? limit
            : throw new ProblemException(LicensingProblem.InvalidField, $"limit is a number from 1 to {MostItems}", "limit");
    }

    /// <summary>The <c>after=</c> of a list; null at its beginning.</summary>
    /// <exception cref="ProblemException">It holds what no cursor does.</exception>
    public static string? After(HttpContext context) => context.Request.Query["after"].ToString() switch
    {
        "" => null,
        var after when after.Contains('\0', StringComparison.Ordinal) => throw NotACursor(),
        var after => after,
    };

    public static ProblemException NotACursor() => new(LicensingProblem.InvalidField, "after is not the next of a page of this list", "after");
}
