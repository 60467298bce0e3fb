using System.CommandLine;
using Ostiary.Contracts.Activation;

namespace Ostiary.Host.Commands;

/// <summary>Who confirms a reactivation or a deactivation, as options.</summary>
internal sealed class ContactOptions
{
    private readonly Option<string?> _first = new("--first-name") { Description = "Of whom confirms it; required, but by web, where it is asked for there." };
    private readonly Option<string?> _last = new("--last-name") { Description = "Required likewise." };
    private readonly Option<string?> _email = new("--email") { Description = "Required likewise." };
    private readonly Option<string?> _phone = new("--phone");

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _first, _last, _email, _phone })
            command.Add(option);
    }

    /// <exception cref="UsageException">A required one is missing.</exception>
    public ContactPerson Read(ParseResult parse) => new()
    {
        FirstName = Required(parse, _first),
        LastName = Required(parse, _last),
        Email = Required(parse, _email),
        Phone = parse.GetValue(_phone),
    };

    private static string Required(ParseResult parse, Option<string?> option)
        => parse.GetValue(option) is { Length: > 0 } given ? given : throw new UsageException($"{option.Name} is required");
}
