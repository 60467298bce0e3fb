using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Ostiary.SessionHost.Logon;

/// <summary>What the PAM hook reports: a person whose password was good.</summary>
/// <param name="User">The name that NSS returned.</param>
/// <param name="Uid">The user id that NSS returned.</param>
/// <param name="Local">The account is one of the machine's own files, not of a directory.</param>
/// <param name="Administrator">Root, or a member of one of the administrators' groups, as NSS says.</param>
internal sealed record LogonReport(string User, uint Uid, bool Local, bool Administrator)
{
    private const int MaxUser = 255;

    /// <summary>
    /// Reads <c>{"kind":"logon","user":NAME,"uid":NUMBER,"local":true,"administrator":false,…}</c>; what it says beside that is not used.
    /// Absent: a local account, and no administrator.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out LogonReport? report)
    {
        report = null;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4 });
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String && kind.ValueEquals("logon")
                && root.TryGetProperty("user", out var user) && user.ValueKind == JsonValueKind.String && user.GetString() is { Length: > 0 and <= MaxUser } name
                && root.TryGetProperty("uid", out var uid) && uid.ValueKind == JsonValueKind.Number && uid.TryGetUInt32(out var id))
                report = new(name, id, Flag(root, "local", otherwise: true), Flag(root, "administrator", otherwise: false));
        }
        catch (JsonException)
        {
            return false;
        }

        return report is not null;
    }

    /// <summary>Says nothing: it holds a name.</summary>
    public override string ToString() => nameof(LogonReport);

    private static bool Flag(JsonElement root, string name, bool otherwise)
        => root.TryGetProperty(name, out var flag) && flag.ValueKind is (JsonValueKind.True or JsonValueKind.False) ? flag.GetBoolean() : otherwise;
}
