using System.Formats.Cbor;
using System.Security.Cryptography;
using Ostiary.Contracts.Statements;

namespace Ostiary.SessionHost.Grace;

/// <summary>What the two generations on the disk gave.</summary>
/// <param name="Record">The newest one that holds; null when there is none.</param>
/// <param name="Source">The file that it was read from.</param>
/// <param name="Damaged">A file is there and does not hold.</param>
internal sealed record GraceReading(GraceRecordStatement? Record, string? Source, bool Damaged);

/// <summary>
/// The grace record on the disk: <c>grace.0</c> and <c>grace.1</c>, written in turn, each in one step. A write that is torn, or a file that
/// rots, leaves the other generation.
/// </summary>
internal static class GraceFiles
{
    private const int Generations = 2;

    public static GraceReading Read(string directory, ECDsa key, string machineId)
    {
        GraceRecordStatement? best = null;
        string? source = null;
        var damaged = false;
        for (var index = 0; index < Generations; index++)
        {
            var path = PathOf(directory, index);
            if (!File.Exists(path))
                continue;
            if (ReadOne(path, key) is not { } record || record.MachineId != machineId)
                damaged = true;
            else if (best is null || record.Generation > best.Generation)
                (best, source) = (record, path);
        }

        return new(best, source, damaged);
    }

    /// <summary>Durable when it returns. Gives the signed statement.</summary>
    public static (byte[] Statement, string Path) Write(string directory, GraceRecordStatement record, ECDsa key)
    {
        var statement = Statement.Sign(record.Encode(), key);
        var path = PathOf(directory, record.Generation % Generations);
        PrivateFiles.Write(path, statement);
        return (statement, path);
    }

    private static string PathOf(string directory, long generation) => Path.Combine(directory, $"grace.{generation}");

    private static GraceRecordStatement? ReadOne(string path, ECDsa key)
    {
        if (new FileInfo(path).Length > Statement.MaxLength || !Statement.TryVerify(File.ReadAllBytes(path), key, out var payload))
            return null;
        try
        {
            return GraceRecordStatement.Decode(payload);
        }
        catch (CborContentException)
        {
            // Signed by us, but not by this version: it counts as damaged, and the other generation or the server's copy decides.
            return null;
        }
    }
}
