using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ostiary.Contracts.Http;
using Spectre.Console;

namespace Ostiary.Host.Terminal;

/// <summary>Prints for a person (tables, plain when not on a terminal) or for a program (JSON).</summary>
internal sealed class Screen
{
    private static readonly JsonSerializerOptions Indented = new(ContractsJson.Default.Options)
    {
        WriteIndented = true,
        // For a terminal, not for a web page: quotes and accents stay readable. Control characters are escaped all the same.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private readonly TextWriter _output;
    private readonly IAnsiConsole _console;

    public Screen(TextWriter output)
    {
        _output = output;
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        // Into a file or a pipe a table is as wide as its text, not as a terminal that is not there.
        if (Console.IsOutputRedirected)
            _console.Profile.Width = 400;
    }

    public void Json<T>(T value) => _output.WriteLine(ToJson(value));

    public static string ToJson<T>(T value) => JsonSerializer.Serialize(value, Indented);

    public void Line(string text) => _output.WriteLine(text);

    /// <summary>Names and values, one a line.</summary>
    public void Facts(params (string Name, string Value)[] facts)
    {
        var width = facts.Max(fact => fact.Name.Length) + 2;
        foreach (var (name, value) in facts)
            _output.WriteLine(name.PadRight(width) + Harmless(value));
    }

    public void Table<T>(IReadOnlyList<T> rows, string whenEmpty, params (string Header, Func<T, string> Cell)[] columns)
    {
        if (rows.Count == 0)
        {
            _output.WriteLine(whenEmpty);
            return;
        }

        var table = new Table().Border(TableBorder.Rounded);
        foreach (var (header, _) in columns)
            table.AddColumn(new TableColumn(Markup.Escape(header)));
        foreach (var row in rows)
            table.AddRow(columns.Select(column => Markup.Escape(Harmless(column.Cell(row)))).ToArray());
        _console.Write(table);
    }

    public static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Names come from RDP clients: a control character could move the cursor or colour the screen.</summary>
    public static string Harmless(string text)
    {
        if (!text.Any(IsHarmful))
            return text;
        var harmless = new StringBuilder(text.Length);
        foreach (var character in text)
            harmless.Append(IsHarmful(character) ? '\uFFFD' : character);
        return harmless.ToString();
    }

    private static bool IsHarmful(char character)
        => char.IsControl(character) || char.GetUnicodeCategory(character) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
