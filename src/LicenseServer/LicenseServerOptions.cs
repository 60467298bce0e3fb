using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Policy;
using Ostiary.Doors.Databases;

namespace Ostiary.LicenseServer;

/// <summary>
/// What a license server is told at its start.
/// </summary>
/// <remarks>
/// Defaults, each with its reason:
/// <list type="bullet">
/// <item><see cref="Database"/> null: the ledger is one SQLite file in the state directory, which needs no other server.</item>
/// <item><see cref="Listen"/> 127.0.0.1:7402: nothing is open to the network that nobody asked to open.</item>
/// <item><see cref="AdministrationListen"/> null: administration is local until somebody asks for more.</item>
/// <item><see cref="SignInsPerMinute"/> 10: a person mistypes, a program that tries words does not get far.</item>
/// <item><see cref="PublicAddress"/> null: the address that it listens on, or the machine's name where it listens on all of them.</item>
/// <item><see cref="Clearinghouse"/> null: a license server works without one; it issues temporary CALs only until it is activated.</item>
/// <item><see cref="RootFile"/> null: nothing is activated against a root that nobody has named. Needed once, at activation; it is kept in the ledger.</item>
/// <item><see cref="IssuingFile"/> null: every other way brings the issuing certificate along, and on the telephone it can be given with the answer.</item>
/// <item><see cref="TemporariesPerHost"/> 2,000: more devices than a host serves between connection and logon, and under 3 MB of ledger.</item>
/// <item><see cref="RequestsPerHost"/> 100,000: requests of a busy day; a flood of them stays under 20 MB of ledger.</item>
/// <item><see cref="MaxBatch"/> 256: what one commit carries; larger batches make the first caller wait and win nothing.</item>
/// <item><see cref="QueueLength"/> 4,096: two seconds of work; callers beyond it wait, and give up by their own time limit.</item>
/// <item><see cref="DomainPolicy"/> null, <see cref="LocalPolicyFile"/> /etc/ostiary/policy.json, <see cref="ReadWindowsPolicy"/> false: as at a session host.</item>
/// <item><see cref="ClearinghouseTimeout"/> 20 s: a person waits in front of a wizard; the request is safe to repeat.</item>
/// </list>
/// </remarks>
public sealed class LicenseServerOptions
{
    /// <summary>The key, the ledger and the socket of administration are in this directory, which is made if it is not there.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>
    /// The PostgreSQL database of the ledger, as keywords and values, e.g. <c>Host=/run/postgresql;Database=ostiary;Username=ostiary</c>. A password stands in
    /// the file that <c>Passfile</c> or the environment variable <c>PGPASSFILE</c> names. Null: <c>ledger.db</c> in the state directory.
    /// </summary>
    public string? Database { get; init; }

    /// <summary>Where session hosts reach it: IP address and port. Port 0 lets the system choose.</summary>
    public string Listen { get; init; } = "127.0.0.1:7402";

    /// <summary>Where administrators reach it over HTTPS: IP address and port. Null: nowhere but at the unix socket. Port 0 lets the system choose.</summary>
    public string? AdministrationListen { get; init; }

    /// <summary>Sign-ins that are taken from one address in 60 seconds.</summary>
    public int SignInsPerMinute { get; init; } = 10;

    /// <summary>The HTTPS address that invitations carry.</summary>
    public Uri? PublicAddress { get; init; }

    /// <summary>The clearinghouse's HTTPS address.</summary>
    public Uri? Clearinghouse { get; init; }

    /// <summary>The published root, PEM.</summary>
    public string? RootFile { get; init; }

    /// <summary>Issuing certificates, PEM, as they come with the package: answers that are read aloud on the telephone are checked with them.</summary>
    public string? IssuingFile { get; init; }

    /// <summary>Unvalidated temporary CALs kept for one host; the oldest falls out.</summary>
    public int TemporariesPerHost { get; init; } = 2_000;

    /// <summary>Request ids kept for one host within their 24 hours; the oldest fall out.</summary>
    public int RequestsPerHost { get; init; } = 100_000;

    /// <summary>Requests that one commit carries at most.</summary>
    public int MaxBatch { get; init; } = 256;

    /// <summary>Requests that wait for the writer at most.</summary>
    public int QueueLength { get; init; } = 4_096;

    /// <summary>For a whole conversation with the clearinghouse.</summary>
    public TimeSpan ClearinghouseTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Registry policy files (<c>Registry.pol</c>) that apply to this machine; a later one goes over an earlier one. Null: /var/lib/ostiary/policy/Registry.pol.</summary>
    public string[]? DomainPolicy { get; init; }

    /// <summary>The machine's own policy file.</summary>
    public string LocalPolicyFile { get; init; } = PolicyFiles.DefaultLocalFile;

    /// <summary>Windows' own values in the domain's files count, too, beneath ours.</summary>
    public bool ReadWindowsPolicy { get; init; }

    internal IReadOnlyList<string> DomainPolicyFiles => DomainPolicy ?? [PolicyFiles.DefaultDomainFile];

    /// <summary>The socket of local administration, mode 0600.</summary>
    public string AdministrationSocket => Path.Combine(StateDirectory, "admin.sock");

    /// <exception cref="FormatException"><see cref="Check"/> has something to say about <see cref="Listen"/>.</exception>
    internal IPEndPoint ListenEndPoint => IPEndPoint.Parse(Listen);

    /// <exception cref="FormatException"><see cref="Check"/> has something to say about <see cref="AdministrationListen"/>.</exception>
    internal IPEndPoint? AdministrationEndPoint => AdministrationListen is null ? null : IPEndPoint.Parse(AdministrationListen);

    /// <summary>A crash after a step of <c>docs/issuance-cycle.md</c>, for tests: what it throws ends the request there.</summary>
    internal Action<SuccessionStep>? AfterStep { get; init; }

    internal string KeyFile => Path.Combine(StateDirectory, "license-server.key");

    internal string LedgerFile => Path.Combine(StateDirectory, "ledger.db");

    /// <summary>Every option that is not right, by its name and with what is wrong; empty when all are.</summary>
    public IReadOnlyList<string> Check()
    {
        List<string> errors = [];
        if (!Path.IsPathFullyQualified(StateDirectory))
            errors.Add($"{nameof(StateDirectory)} is the path of a directory from the root; \"{StateDirectory}\" is not");
        if (Database is not null && PostgresConnection.Check(Database) is { } wrong)
            errors.Add($"{nameof(Database)}: {wrong}");
        CheckSocketPath(errors);
        errors.AddRange(PolicyFiles.Check(nameof(DomainPolicy), DomainPolicyFiles, nameof(LocalPolicyFile), LocalPolicyFile));
        if (!IPEndPoint.TryParse(Listen, out _))
            errors.Add($"{nameof(Listen)} is an IP address with a port, for example 127.0.0.1:7402 or [::]:7402; \"{Listen}\" is not");
        if (AdministrationListen is not null && !IPEndPoint.TryParse(AdministrationListen, out _))
            errors.Add($"{nameof(AdministrationListen)} is an IP address with a port, for example 127.0.0.1:7403 or [::]:7403; \"{AdministrationListen}\" is not");
        CheckHttps(errors, nameof(PublicAddress), PublicAddress);
        CheckHttps(errors, nameof(Clearinghouse), Clearinghouse);
        CheckRoot(errors);
        if (IssuingFile is not null && !File.Exists(IssuingFile))
            errors.Add($"{nameof(IssuingFile)} is the path of a file of certificates in PEM; {IssuingFile} is not there");
        CheckRange(errors, nameof(TemporariesPerHost), TemporariesPerHost, 1, 1_000_000);
        CheckRange(errors, nameof(RequestsPerHost), RequestsPerHost, 1_000, 10_000_000);
        CheckRange(errors, nameof(SignInsPerMinute), SignInsPerMinute, 1, 10_000);
        CheckRange(errors, nameof(MaxBatch), MaxBatch, 1, 4_096);
        CheckRange(errors, nameof(QueueLength), QueueLength, 1, 1_000_000);
        if (ClearinghouseTimeout < TimeSpan.FromSeconds(1) || ClearinghouseTimeout > TimeSpan.FromMinutes(5))
            errors.Add($"{nameof(ClearinghouseTimeout)} is 1 s to 5 min, not {ClearinghouseTimeout.TotalSeconds:0.###} s");
        return errors;
    }

    private void CheckSocketPath(List<string> errors)
    {
        // sun_path of unix(7) has 108 bytes, a zero among them.
        const int MaxSocketPath = 107;
        if (System.Text.Encoding.UTF8.GetByteCount(AdministrationSocket) is var length and > MaxSocketPath)
            errors.Add($"{nameof(StateDirectory)} makes the path of a unix socket of {length} bytes; at most {MaxSocketPath} are taken");
    }

    private void CheckRoot(List<string> errors)
    {
        if (RootFile is null)
            return;
        try
        {
            ReadRoot()?.Dispose();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            errors.Add($"{nameof(RootFile)} is not a readable certificate in PEM: {unreadable.Message}");
        }
    }

    /// <summary>The root of <see cref="RootFile"/>; null when none is configured.</summary>
    internal X509Certificate2? ReadRoot() => RootFile is null ? null : X509Certificate2.CreateFromPem(File.ReadAllText(RootFile));

    private static void CheckHttps(List<string> errors, string option, Uri? address)
    {
        if (address is not null && !(address.IsAbsoluteUri && address.Scheme == Uri.UriSchemeHttps))
            errors.Add($"{option} is an address that begins with https://; \"{address}\" is not");
    }

    private static void CheckRange(List<string> errors, string option, int value, int least, int most)
    {
        if (value < least || value > most)
            errors.Add($"{option} is {least} to {most}, not {value}");
    }
}

/// <summary>The options are not right; the message says all that is wrong.</summary>
public sealed class LicenseServerOptionsException(IReadOnlyList<string> errors)
    : Exception("the license server's options are not right: " + string.Join("; ", errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}

/// <summary>The steps of a succession, and of a transfer, that leave something behind.</summary>
internal enum SuccessionStep
{
    KeyMade,
    Prepared,
    Answered,
    PacksFetched,
    Switched,
    TransferStored,
    PacksMoved,
    Received,
}
