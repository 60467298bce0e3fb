using System.Net;
using System.Text.Json;

namespace Ostiary.LogonHelper;

/// <summary>What the gateway asks.</summary>
/// <param name="BackEnds">Back-end connections: which xrdp process and which X server are behind them.</param>
/// <param name="Logons">Process ids of hooks: which xrdp process's logon each was started for.</param>
internal sealed record KernelQuestion(List<BackEnd> BackEnds, List<int> Logons)
{
    /// <summary>Most back-end connections, and most logons, in one question.</summary>
    public const int Limit = 256;

    /// <summary>
    /// Reads <c>{"sockets":[INODE,...],"tcp":[{"local":"IP:PORT","remote":"IP:PORT"},...],"logons":[PID,...]}</c>; each may be absent.
    /// </summary>
    /// <exception cref="JsonException">Not JSON.</exception>
    /// <exception cref="InvalidDataException">JSON, but not a question, or too many entries.</exception>
    public static KernelQuestion Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4 });
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException("a question is an object");

        var entries = new List<BackEnd>();
        var logons = new List<int>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Array
                || !(property.NameEquals("sockets") || property.NameEquals("tcp") || property.NameEquals("logons")))
                throw new InvalidDataException("a question has the arrays sockets, tcp and logons");
            foreach (var element in property.Value.EnumerateArray())
            {
                if (entries.Count == Limit || logons.Count == Limit)
                    throw new InvalidDataException($"more than {Limit} entries");
                if (property.NameEquals("logons"))
                    logons.Add(Pid(element));
                else
                    entries.Add(property.NameEquals("sockets") ? Inode(element) : Addresses(element));
            }
        }
        return new KernelQuestion(entries, logons);
    }

    private static int Pid(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var pid) && pid > 0
            ? pid
            : throw new InvalidDataException("an entry of logons is a process id");

    private static BackEnd Inode(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetUInt32(out var inode) && inode != 0
            ? new BackEnd(inode, null, null)
            : throw new InvalidDataException("an entry of sockets is an inode");

    private static BackEnd Addresses(JsonElement element) => new(null, EndPoint(element, "local"), EndPoint(element, "remote"));

    private static IPEndPoint EndPoint(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var text)
            && text.ValueKind == JsonValueKind.String && IPEndPoint.TryParse(text.GetString()!, out var endPoint) && endPoint.Port != 0
            ? endPoint
            : throw new InvalidDataException($"{name} of an entry of tcp is IP:PORT");
}

/// <summary>The other end of one back-end connection of the gateway: by inode, or by addresses as the gateway sees them.</summary>
internal sealed record BackEnd(uint? Socket, IPEndPoint? Local, IPEndPoint? Remote);

/// <summary>What the kernel says of one logon that a hook asks about. Null: not known, or there is a doubt.</summary>
/// <param name="Pid">The hook.</param>
/// <param name="Xrdp">The xrdp process whose connection sesman serves.</param>
internal sealed record LogonFinding(int Pid, int? Xrdp);

/// <summary>What the kernel says of one back-end connection. Null: not known, or not known yet.</summary>
internal sealed record Finding(BackEnd BackEnd, int? Xrdp, XServer? X)
{
    public static byte[] ToJson(IEnumerable<Finding> findings, IEnumerable<LogonFinding> logons) => Messages.Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("entries");
        foreach (var finding in findings)
            finding.Write(json);
        json.WriteEndArray();
        json.WriteStartArray("logons");
        foreach (var logon in logons)
        {
            json.WriteStartObject();
            json.WriteNumber("pid", logon.Pid);
            if (logon.Xrdp is { } xrdp)
                json.WriteNumber("xrdp", xrdp);
            else
                json.WriteNull("xrdp");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static byte[] ErrorJson(string error) => Messages.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("error", error);
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (BackEnd.Socket is { } inode)
        {
            json.WriteNumber("socket", inode);
        }
        else
        {
            json.WriteString("local", BackEnd.Local!.ToString());
            json.WriteString("remote", BackEnd.Remote!.ToString());
        }
        if (Xrdp is { } xrdp)
            json.WriteNumber("xrdp", xrdp);
        else
            json.WriteNull("xrdp");
        if (X is { } x)
        {
            json.WriteStartObject("x");
            json.WriteNumber("pid", x.Pid);
            json.WriteNumber("uid", x.Uid);
            json.WriteNumber("display", x.Display);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("x");
        }
        json.WriteEndObject();
    }
}

/// <summary>The X server that an xrdp process is connected to; pid and uid as the helper's own namespaces number them.</summary>
internal sealed record XServer(int Pid, uint Uid, int Display);
