using System.Text;
using Ostiary.Doors.Databases;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>Options of the signer.</summary>
/// <remarks>
/// Defaults: none; what is to be said is where its state is, and where the clearinghouse's database, which it reads by itself. Its only door is <c>signer.sock</c> (mode 0600) there: whoever may open it,
/// the clearinghouse running as the same user, may ask for signatures of the kinds that the signer makes.
/// </remarks>
public sealed class SignerOptions
{
    /// <summary>Bytes of a path that a unix socket can have.</summary>
    internal const int MaxSocketPathLength = 107;

    /// <summary>Directory with <c>issuing.key</c>, <c>issuing.pem</c> and <c>root.pem</c> of the ceremony; the log and the socket are made there.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The clearinghouse's SQLite file, read and never written: only what is committed there is signed. Not looked at where <see cref="Database"/> is set.</summary>
    public required string ClearinghouseDatabase { get; init; }

    /// <summary>The clearinghouse's PostgreSQL database, where it has one, as keywords and values; a user that may only read is enough.</summary>
    public string? Database { get; init; }

    /// <summary>The socket that the clearinghouse connects to.</summary>
    public string Socket => Path.Combine(StateDirectory, "signer.sock");

    /// <summary>The append-only record of everything that was signed.</summary>
    public string LogFile => Path.Combine(StateDirectory, "signed.log");

    /// <summary>Everything that is wrong, each naming its option; empty when all is right.</summary>
    public IReadOnlyList<string> Check()
    {
        List<string> errors = [];
        if (string.IsNullOrWhiteSpace(StateDirectory))
            return [$"{nameof(StateDirectory)} is required"];
        foreach (var file in new[] { IssuingKey.KeyFile, IssuingKey.CertificateFile, IssuingKey.RootFile })
            if (!File.Exists(Path.Combine(StateDirectory, file)))
                errors.Add($"{nameof(StateDirectory)}: {Path.Combine(StateDirectory, file)} is not there; the root ceremony makes it");
        if (string.IsNullOrWhiteSpace(ClearinghouseDatabase))
            errors.Add($"{nameof(ClearinghouseDatabase)} is required");
        if (Database is not null && PostgresConnection.Check(Database) is { } wrong)
            errors.Add($"{nameof(Database)}: {wrong}");
        if (Encoding.UTF8.GetByteCount(Socket) > MaxSocketPathLength)
            errors.Add($"{nameof(StateDirectory)}: the path {Socket} is over the {MaxSocketPathLength} bytes of a unix socket");
        return errors;
    }
}
