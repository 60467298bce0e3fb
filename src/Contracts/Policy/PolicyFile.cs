using System.Text;
using System.Text.Json;

namespace Ostiary.Contracts.Policy;

/// <summary>The policy file of a machine: a JSON object with the values' names as members, e.g. <c>{"licensingMode":"per-user"}</c>.</summary>
public static class PolicyFile
{
    public const int MaxBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 4 };

    /// <summary>Reads it. What is not right is named, and the rest counts.</summary>
    /// <returns>Null in the place of the values when the file is no JSON object at all.</returns>
    public static (PolicyValues? Values, IReadOnlyList<PolicyFault> Faults) Read(ReadOnlyMemory<byte> file, string origin)
    {
        if (file.Length > MaxBytes)
            return (null, [new(origin, "", $"the file has {file.Length} bytes, the limit is {MaxBytes}")]);
        try
        {
            using var document = JsonDocument.Parse(file, Lenient);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return (null, [new(origin, "", "the file is no JSON object")]);
            return Read(document.RootElement, origin);
        }
        catch (JsonException malformed)
        {
            return (null, [new(origin, "", $"the file is no JSON: {malformed.Message}")]);
        }
    }

    private static (PolicyValues, IReadOnlyList<PolicyFault>) Read(JsonElement root, string origin)
    {
        var faults = new List<PolicyFault>();
        var values = PolicyValues.None;
        foreach (var member in root.EnumerateObject())
        {
            if (PolicyCatalogue.Find(member.Name) is not { } definition)
                faults.Add(new(origin, Shown(member.Name), $"there is no value of this name; there are {string.Join(", ", PolicyCatalogue.All.Select(known => known.Name))}"));
            else if (TextOf(member.Value) is { } text && definition.Read(values, text) is { } read)
                values = read;
            else
                faults.Add(new(origin, member.Name, $"it is {definition.Limits}, not {Shown(member.Value.GetRawText())}"));
        }

        return (values, faults);
    }

    /// <summary>Writes one.</summary>
    public static byte[] Write(PolicyValues values)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var definition in PolicyCatalogue.All)
                switch (definition.Get(values))
                {
                    case null:
                        break;
                    case IReadOnlyList<string> list:
                        json.WriteStartArray(definition.Name);
                        foreach (var text in list)
                            json.WriteStringValue(text);
                        json.WriteEndArray();
                        break;
                    case bool yes:
                        json.WriteBoolean(definition.Name, yes);
                        break;
                    case int number:
                        json.WriteNumber(definition.Name, number);
                        break;
                    case var other:
                        json.WriteString(definition.Name, PolicyDefinition.Format(other));
                        break;
                }

            json.WriteEndObject();
        }

        return [.. stream.ToArray(), (byte)'\n'];
    }

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.String => value.GetString(),
        // A name with a comma in it would become two.
        JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && LicenseServerName.IsRight(item.GetString()))
            => string.Join('\n', value.EnumerateArray().Select(item => item.GetString())),
        _ => null,
    };

    private static string Shown(string text)
    {
        const int most = 80;
        var shown = new StringBuilder();
        foreach (var symbol in text.Take(most))
            shown.Append(char.IsControl(symbol) ? '\uFFFD' : symbol);
        return shown.Append(text.Length > most ? "…" : "").ToString();
    }
}
