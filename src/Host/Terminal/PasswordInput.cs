using System.CommandLine;
using System.Text;

namespace Ostiary.Host.Terminal;

/// <summary>Passwords come from a terminal, without echo, or from standard input; never from an argument, which every process of the machine can read.</summary>
internal static class PasswordInput
{
    private const int MostLength = 128;

    public static Option<bool> FromStandardInput { get; } = new("--password-stdin") { Description = "Read the password from standard input, a line each." };

    /// <summary>One password.</summary>
    /// <exception cref="UsageException">There is no terminal to ask on, or no line to read.</exception>
    public static string Read(ParseResult parse, string prompt) => parse.GetValue(FromStandardInput) ? ReadLine(prompt) : Ask(prompt);

    /// <summary>A new password; on a terminal it is asked for twice.</summary>
    /// <exception cref="UsageException">The same, or the two differ.</exception>
    public static string ReadNew(ParseResult parse, string prompt)
    {
        if (parse.GetValue(FromStandardInput))
            return ReadLine(prompt);
        var first = Ask(prompt);
        return first == Ask(prompt + ", again") ? first : throw new UsageException("the two passwords are not the same");
    }

    private static string ReadLine(string what)
    {
        var line = new StringBuilder();
        while (Console.In.Read() is var read and >= 0 and not '\n')
            if (line.Append((char)read).Length > MostLength + 1)
                throw new UsageException($"{what}: the line on standard input has more than {MostLength} characters");
        var text = line.ToString().TrimEnd('\r');
        return text.Length > 0 ? text : throw new UsageException($"{what}: there is no line on standard input");
    }

    private static string Ask(string prompt)
    {
        if (Console.IsInputRedirected)
            throw new UsageException($"{prompt}: there is no terminal to ask on; give --password-stdin");
        Console.Error.Write($"{prompt}: ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (key.KeyChar != 0 && typed.Length < MostLength + 1)
                typed.Append(key.KeyChar);
        Console.Error.WriteLine();
        return typed.ToString();
    }
}
