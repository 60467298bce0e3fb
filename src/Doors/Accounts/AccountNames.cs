using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary>Names of accounts and of tokens. They stand in the audit and on screens, so they hold nothing that could be taken for something else.</summary>
public static class AccountNames
{
    public const int MostLength = 64;

    /// <summary>A new account's name, in small letters.</summary>
    public static string Check(string? name)
    {
        var small = Text(name, mayHaveAt: true).ToLowerInvariant();
        return small == Author.Root ? throw new ProblemException(LicensingProblem.InvalidField, "name is root, which is who comes over the unix socket", "name") : small;
    }

    /// <summary>A new token's name.</summary>
    public static string CheckToken(string? name) => Text(name, mayHaveAt: false);

    /// <summary>How a name that somebody typed to sign in is counted, be it an account's or not.</summary>
    public static byte[] HashOf(string small) => SHA256.HashData(Encoding.UTF8.GetBytes(small));

    private static string Text(string? name, bool mayHaveAt)
    {
        var text = Json.Text(name, "name", MostLength);
        return text.All(symbol => char.IsAsciiLetterOrDigit(symbol) || symbol is '.' or '_' or '-' || (mayHaveAt && symbol == '@')) ? text
            : throw new ProblemException(LicensingProblem.InvalidField, $"name has letters a to z, digits, and . _ -{(mayHaveAt ? " @" : "")} only", "name");
    }
}
