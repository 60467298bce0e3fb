using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ostiary.Clearinghouse.Files;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>One signature: an entry of the signer's log, which is a line of JSON.</summary>
/// <param name="Number">From 1.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What was signed.</param>
/// <param name="Digest">SHA-256 of the signed bytes, hexadecimal.</param>
/// <param name="Previous">The hash of the entry before; 64 zeros for the first.</param>
/// <param name="Hash">SHA-256 of "number|at|kind|digest|previous", and "|audit number|audit hash" where there is one, hexadecimal.</param>
/// <param name="AuditNumber">The entry of the clearinghouse's audit that the signer found; null for a time.</param>
/// <param name="AuditHash">That entry's hash, hexadecimal: what the clearinghouse's audit was when this was signed.</param>
internal sealed record SigningLogEntry(
    long Number, DateTimeOffset At, string Kind, string Digest, string Previous, string Hash,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? AuditNumber = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? AuditHash = null)
{
    public static readonly string NoPrevious = new('0', 64);

    public static SigningLogEntry After(SigningLogEntry? last, DateTimeOffset at, string kind, string digest, AuditPosition? position)
    {
        var unsealed = new SigningLogEntry(
            (last?.Number ?? 0) + 1, at, kind, digest, last?.Hash ?? NoPrevious, "", position?.Number, position is null ? null : Convert.ToHexStringLower(position.Hash));
        return unsealed with { Hash = unsealed.ComputeHash() };
    }

    /// <summary>Whether the entry is whole and stands right behind <paramref name="last"/>.</summary>
    public bool Follows(SigningLogEntry? last)
        => Number == (last?.Number ?? 0) + 1 && Previous == (last?.Hash ?? NoPrevious) && Hash == ComputeHash();

    private string ComputeHash()
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{Number}|{At.UtcDateTime:O}|{Kind}|{Digest}|{Previous}{(AuditNumber is null ? "" : $"|{AuditNumber}|{AuditHash}")}"))));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SigningLogEntry))]
internal sealed partial class SigningLogJson : JsonSerializerContext;

/// <summary>
/// The append-only record of everything that was signed. An entry is on the disk before its signature leaves; so after a crash there may be an
/// entry whose signature nobody received, never a signature without an entry.
/// </summary>
internal sealed class SigningLog : IDisposable
{
    private readonly FileStream _file;
    private readonly Lock _writing = new();
    private SigningLogEntry? _last;
    private bool _broken;

    private SigningLog(FileStream file, SigningLogEntry? last)
    {
        _file = file;
        _last = last;
    }

    /// <summary>Opens the log and verifies its chain. A last line that a crash left without its end is cut off: its signature never left.</summary>
    /// <exception cref="InvalidDataException">An entry does not fit the one before it.</exception>
    public static SigningLog Open(string path)
    {
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            UnixCreateMode = PrivateFile.OwnerOnly,
        });
        try
        {
            var (last, length) = ReadAll(file, path);
            file.SetLength(length);
            file.Seek(length, SeekOrigin.Begin);
            return new(file, last);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends an entry and returns when it is on the disk.</summary>
    /// <exception cref="IOException">It could not be written; nothing may be signed.</exception>
    public SigningLogEntry Append(string kind, ReadOnlySpan<byte> signedBytes, AuditPosition? position, DateTimeOffset at)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(signedBytes));
        lock (_writing)
        {
            if (_broken)
                throw new IOException("the log failed before; the signer must be restarted");
            var entry = SigningLogEntry.After(_last, at, kind, digest, position);
            // Whatever fails from here on leaves the end of the file unknown: a new start reads it anew.
            _broken = true;
            _file.Write(JsonSerializer.SerializeToUtf8Bytes(entry, SigningLogJson.Default.SigningLogEntry));
            _file.WriteByte((byte)'\n');
            _file.Flush(flushToDisk: true);
            _broken = false;
            _last = entry;
            return entry;
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The entries of a log that may be in use, one after the other; a last line without its end is left.</summary>
    /// <exception cref="InvalidDataException">An entry does not fit the one before it.</exception>
    public static IEnumerable<SigningLogEntry> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        foreach (var (entry, _) in ReadLines(file, path))
            yield return entry;
    }

    private static (SigningLogEntry? Last, long Length) ReadAll(FileStream file, string path)
        => ReadLines(file, path).Select(line => ((SigningLogEntry?)line.Entry, line.End)).LastOrDefault();

    private static IEnumerable<(SigningLogEntry Entry, long End)> ReadLines(FileStream file, string path)
    {
        SigningLogEntry? last = null;
        long length = 0;
        using var reader = new StreamReader(file, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        while (reader.ReadLine() is { } line)
        {
            var end = length + Encoding.UTF8.GetByteCount(line) + 1;
            if (end > file.Length)
                yield break;
            var entry = Parse(line);
            if (entry is null || !entry.Follows(last))
                throw new InvalidDataException($"{path}: the line after entry {last?.Number ?? 0} does not follow it");
            last = entry;
            length = end;
            yield return (entry, end);
        }

        SigningLogEntry? Parse(string line)
        {
            try
            {
                return JsonSerializer.Deserialize(line, SigningLogJson.Default.SigningLogEntry);
            }
            catch (JsonException malformed)
            {
                throw new InvalidDataException($"{path}: the line after entry {last?.Number ?? 0} is malformed", malformed);
            }
        }
    }
}
