using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Telephone;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>How an exchange with the clearinghouse comes about: options, steps and prompts that activation and key packs share.</summary>
internal sealed class ConnectionMethods
{
    /// <summary>An answer that was given as a file; a response code has some 1,500 characters.</summary>
    private const int MaxAnswerLength = 64 * 1024;

    private static readonly TimeSpan CarryTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan[] TryAgainAfter = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10)];

    private readonly Option<ConnectionMethod> _method = new("--method")
    {
        Description = "automatic (over the network), web (codes, by a web page on any device) or telephone (groups, read aloud).",
        HelpName = "automatic|web|telephone",
    };

    private readonly Option<string?> _answer = new("--answer") { Description = "What came back by web or telephone, or its file; asked for in a terminal when not given.", HelpName = "TEXT|FILE" };

    private readonly Option<FileInfo?> _issuing = new("--issuing")
    {
        Description = "For the telephone: the issuing certificate, from the package or the key's e-mail, where the license server does not have it.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _carry = new("--carry") { Description = "This machine talks to the clearinghouse, in the place of a license server that cannot." };

    private readonly Option<Uri?> _clearinghouse = new("--clearinghouse") { Description = "With --carry: the clearinghouse's address (default: as the license server has it).", HelpName = "URL" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _method, _answer, _issuing, _carry, _clearinghouse })
            command.Add(option);
    }

    /// <summary>Likewise for what is not done by telephone.</summary>
    public void AddTwoTo(Command command)
    {
        _method.Description = "automatic (over the network) or web (codes, by a web page on any device).";
        _method.HelpName = "automatic|web";
        _method.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<ConnectionMethod>() == ConnectionMethod.Telephone)
                result.AddError("--method is automatic or web; by telephone a license server is activated, and key packs are installed");
        });
        foreach (var option in new Option[] { _method, _answer, _carry, _clearinghouse })
            command.Add(option);
    }

    /// <summary>For what goes by files, or is carried.</summary>
    public void AddCarryTo(Command command)
    {
        command.Add(_carry);
        command.Add(_clearinghouse);
    }

    public ConnectionMethod Method(ParseResult parse) => parse.GetValue(_method);

    public bool Carries(ParseResult parse) => parse.GetValue(_carry);

    public string? Issuing(ParseResult parse) => parse.GetValue(_issuing) is { } file ? Read(file.FullName) : null;

    /// <summary>What came back, as text; null when it was not given.</summary>
    /// <exception cref="UsageException">Its file cannot be read.</exception>
    public string? Answer(ParseResult parse)
        => parse.GetValue(_answer) is { } given ? TextOf(given) : null;

    /// <summary>A text, or what is in its file.</summary>
    /// <exception cref="UsageException">Its file cannot be read.</exception>
    public static string TextOf(string given) => File.Exists(given) ? Read(given) : given;

    /// <summary>A call that goes over the network, again when it fails for a moment; what failed is said, and which other ways there are.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="call">Safe to repeat.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<T> WithRetryAsync<T>(ParseResult parse, Func<Task<T>> call, CancellationToken cancellation)
    {
        for (var tried = 0; ; tried++)
        {
            try
            {
                return await call();
            }
            catch (ProblemException away) when (away.Problem is LicensingProblem.Unreachable or LicensingProblem.TemporarilyUnavailable)
            {
                if (tried == TryAgainAfter.Length)
                    throw new ProblemException(away.Problem, $"{away.Message}. Other ways: --method web, --method telephone, or --carry from a machine that reaches the clearinghouse", away.Field);
                var wait = TryAgainAfter[tried];
                parse.InvocationConfiguration.Error.WriteLine($"ostiary: {Screen.Harmless(away.Message)}; trying again in {wait.TotalSeconds:0} s ({tried + 1} of {TryAgainAfter.Length})");
                await Task.Delay(wait, cancellation);
            }
        }
    }

    /// <summary>Talks to the clearinghouse from this machine.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="configured">The clearinghouse's address at the license server.</param>
    /// <param name="root">The published root, PEM.</param>
    /// <param name="call">What to ask.</param>
    /// <exception cref="UsageException">No address is known.</exception>
    public async Task<T> CarryAsync<T>(ParseResult parse, string? configured, string root, Func<ClearinghouseClient, Task<T>> call)
    {
        var address = parse.GetValue(_clearinghouse) ?? (configured is null ? null : new Uri(configured))
            ?? throw new UsageException("the license server has no clearinghouse configured: name it with --clearinghouse https://…");
        if (!address.IsAbsoluteUri || address.Scheme != Uri.UriSchemeHttps)
            throw new UsageException($"--clearinghouse is an address that begins with https://; {address} is not");
        using var published = X509Certificate2.CreateFromPem(root);
        using var http = ClearinghouseServer.Connect(address, () => published, () => [TimeProvider.System.GetUtcNow()], CarryTime);
        return await call(new(http));
    }

    /// <summary>Shows a request code, with what to do with it.</summary>
    public static void ShowCode(Screen screen, string licenseServerId, string code, string? clearinghouse, string again)
    {
        var page = clearinghouse is null ? null : $"{clearinghouse.TrimEnd('/')}/web";
        screen.Line($"License Server ID  {licenseServerId}");
        screen.Line("");
        screen.Line($"1. On any device with a network, open {page ?? "the page /web of the publisher's clearinghouse"}");
        screen.Line("2. Paste this request code there, or scan the picture:");
        screen.Line("");
        screen.Line(code);
        screen.Line("");
        screen.Line(QrPicture.Of(page is null ? code : $"{page}#{code}"));
        screen.Line("3. Bring back the response code:");
        screen.Line($"   {again} --answer FILE");
    }

    /// <summary>Shows where to call; nothing where no number is known.</summary>
    public static void ShowNumbers(Screen screen, IReadOnlyList<TelephoneNumber> numbers)
    {
        if (numbers.Count > 0)
            screen.Table(numbers, "", ("Country or region", number => number.Name), ("Telephone", number => number.Number));
    }

    /// <summary>Shows groups in the order in which they are read aloud, with the words for their letters.</summary>
    public static void ShowGroups(Screen screen, IReadOnlyList<string> groups)
        => screen.Table(
            groups.Select((group, index) => (Number: index + 1, Group: group)).ToList(), "",
            ("Group", row => $"{row.Number}"), ("Symbols", row => row.Group), ("Say", row => SpellingAlphabet.Spell(row.Group)));

    /// <summary>Groups that were typed, in one text.</summary>
    /// <exception cref="ProblemException">Some are wrong; it names all of them.</exception>
    public static IReadOnlyList<string> SplitGroups(SpokenForm form, string text)
    {
        var groups = form.Split(text);
        return form.TryRead(groups, out _, out var errors) ? groups : throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors), "groups");
    }

    /// <summary>Whether somebody sits there to be asked.</summary>
    public static bool CanAsk(ParseResult parse) => !Console.IsInputRedirected && !parse.GetValue(GlobalOptions.Json);

    /// <summary>Asks for a response code until it is whole; a file's name is read.</summary>
    /// <exception cref="UsageException">The input ended.</exception>
    public static string AskCode(ParseResult parse)
    {
        while (true)
        {
            parse.InvocationConfiguration.Output.Write("Response code, or its file: ");
            var typed = (Console.ReadLine() ?? throw new UsageException("the input ended; the request stays as it is, and can be answered later")).Trim();
            var text = File.Exists(typed) ? Read(typed) : typed;
            if (ResponseCode.TryParse(text, out _, out var error))
                return text;
            parse.InvocationConfiguration.Output.WriteLine($"  {error}");
        }
    }

    /// <summary>Asks for groups one by one, and says at once which is wrong; several in one line are taken.</summary>
    /// <exception cref="UsageException">The input ended.</exception>
    public static IReadOnlyList<string> AskGroups(ParseResult parse, SpokenForm form)
    {
        var groups = new List<string>();
        while (groups.Count < form.Groups)
        {
            parse.InvocationConfiguration.Output.Write($"Group {groups.Count + 1} of {form.Groups}: ");
            var typed = Console.ReadLine() ?? throw new UsageException("the input ended; the request stays as it is, and can be answered later");
            foreach (var group in typed.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries).Take(form.Groups - groups.Count))
            {
                if (form.Check(groups.Count + 1, group) is { } error)
                {
                    parse.InvocationConfiguration.Output.WriteLine($"  {error}");
                    break;
                }

                groups.Add(group);
            }
        }

        return groups;
    }

    private static string Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Length <= MaxAnswerLength ? File.ReadAllText(path) : throw new UsageException($"{path} has {file.Length} bytes; at most {MaxAnswerLength} are taken");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {unreadable.Message}");
        }
    }
}
