using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>Commands that print one page of a list.</summary>
internal static class ListCommand
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    public static Command Create<T>(
        string name, string description, string role, Func<HttpClient, string?, int, CancellationToken, Task<Page<T>>> call, string whenEmpty,
        params (string Header, Func<T, string> Cell)[] columns)
        => Create(name, description, role, null, (client, _, after, limit, cancellation) => call(client, after, limit, cancellation), whenEmpty, columns);

    /// <summary>The same with an option of its own, which the call reads.</summary>
    public static Command Create<T>(
        string name, string description, string role, Option? further, Func<HttpClient, ParseResult, string?, int, CancellationToken, Task<Page<T>>> call, string whenEmpty,
        params (string Header, Func<T, string> Cell)[] columns)
    {
        var limit = new Option<int>("--limit") { Description = $"Rows at most, 1 to {MaxLimit}.", DefaultValueFactory = _ => DefaultLimit };
        limit.Validators.Add(result =>
        {
            if (result.GetValue(limit) is < 1 or > MaxLimit)
                result.AddError($"--limit is 1 to {MaxLimit}");
        });
        var after = new Option<string?>("--after") { Description = "Where the page before ended." };
        var command = new Command(name, description) { limit, after };
        if (further is not null)
            command.Add(further);
        return command.Calls(
            role,
            (client, parse, cancellation) => call(client, parse, parse.GetValue(after), parse.GetValue(limit), cancellation),
            (screen, page) =>
            {
                screen.Table(page.Items, whenEmpty, columns);
                if (page.Next is { } next)
                    screen.Line($"There are more: --after {Screen.Harmless(next)}");
            });
    }
}
