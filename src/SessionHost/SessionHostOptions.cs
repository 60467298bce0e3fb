using System.Net;
using Ostiary.Contracts.Policy;

namespace Ostiary.SessionHost;

/// <summary>
/// Everything that can be set on a session host. Defaults, each with its reason:
/// <list type="bullet">
/// <item><see cref="Listen"/> 0.0.0.0:3389: where RDP clients look.</item>
/// <item><see cref="HandshakeTime"/> and the other phases 10 s: FreeRDP itself gives up after 9 s.</item>
/// <item><see cref="AskTime"/> 4 s for the whole conversation with license servers: with a client's own polling that stays under those 9 s.</item>
/// <item><see cref="LogonTime"/> 1.7 s: sesman asks one logon after the other, and the hook waits 2 s for the whole answer.</item>
/// <item><see cref="ConnectTime"/> 1 s, <see cref="SilenceTime"/> 30 s: a server that is away costs one client one second, and is looked after meanwhile.</item>
/// <item><see cref="MaxConnections"/> 4,096, <see cref="MaxWaiting"/> 2,304: 2,000 clients that never finish leave room for those that do.</item>
/// <item><see cref="MaxWaitingPerAddress"/> 256: an office behind one address may come to work at the same minute.</item>
/// <item><see cref="DrainTime"/> 0: a service that is told to stop stops; who wants sessions to end by themselves sets it.</item>
/// <item><see cref="Observe"/> not set, which is false: a license that is not asked for is none.</item>
/// <item><see cref="DomainPolicy"/> not set, which is /var/lib/ostiary/policy/Registry.pol: a place that what fetches group policy objects can write to.</item>
/// <item><see cref="LocalPolicyFile"/> /etc/ostiary/policy.json; <see cref="ReadWindowsPolicy"/> false: what was said to Windows' hosts was not said to this one.</item>
/// <item><see cref="KeptRefusals"/> and <see cref="KeptSessions"/> 100,000: a few tens of MB.</item>
/// </list>
/// </summary>
public sealed class SessionHostOptions
{
    /// <summary>Directory of the role's database, keys and sockets. Made with mode 0700.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>
    /// The RDP host behind: <c>unix:/path</c> in clear (xrdp with security_layer=rdp, crypt_level=none, on a socket that nobody else
    /// can open), or <c>tls:host:port</c>.
    /// </summary>
    public required string BackEnd { get; init; }

    /// <summary>SHA-256 of the TLS back end's SubjectPublicKeyInfo, 64 hexadecimal digits; needed for <c>tls:</c>, not allowed for <c>unix:</c>.</summary>
    public string? BackEndFingerprint { get; init; }

    /// <summary>Where RDP clients connect, IP:PORT. Port 0 is any free one.</summary>
    public string Listen { get; init; } = "0.0.0.0:3389";

    /// <summary>The name that the host gives itself when it joins, at most 255 characters.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>The TLS certificate for RDP clients, PEM, leaf first. Null: <c>tls.pem</c> in the state directory, self-made at first start.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Its private key, PEM. Null: <c>tls.key</c> in the state directory.</summary>
    public string? KeyFile { get; init; }

    /// <summary>X.224 and the TLS handshake with the client, together.</summary>
    public TimeSpan HandshakeTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the TLS handshake to the back end's first licensing message, back-end connect included.</summary>
    public TimeSpan SequenceTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The licensing exchange with the client.</summary>
    public TimeSpan LicensingTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What an ended connection may take to say goodbye.</summary>
    public TimeSpan CloseTime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>All license servers together, for one connection.</summary>
    public TimeSpan AskTime { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>All license servers together, for one logon. The hook gives the role up after 2 s.</summary>
    public TimeSpan LogonTime { get; init; } = TimeSpan.FromMilliseconds(1700);

    /// <summary>Connecting to one license server, TLS included.</summary>
    public TimeSpan ConnectTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a silent license server is passed over, unless it is found to be back before.</summary>
    public TimeSpan SilenceTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Client connections at any time.</summary>
    public int MaxConnections { get; init; } = 4096;

    /// <summary>Of these, connections that are not past licensing.</summary>
    public int MaxWaiting { get; init; } = 2304;

    /// <summary>Connections from one address.</summary>
    public int MaxPerAddress { get; init; } = 1024;

    /// <summary>Of these, connections that are not past licensing.</summary>
    public int MaxWaitingPerAddress { get; init; } = 256;

    /// <summary>The unix socket of the root helper that reads the kernel; null: there is none, and no temporary CAL is ever validated.</summary>
    public string? KernelHelper { get; init; }

    /// <summary>Decisions are made and recorded, and nobody is refused: <c>ostiary observe report</c> says what would have been. Policy goes over it.</summary>
    public bool? Observe { get; init; }

    /// <summary>
    /// Registry policy files (<c>Registry.pol</c>) of the group policy objects that apply to this machine; a later one goes over an earlier one. Those that are
    /// not there say nothing.
    /// </summary>
    public string[]? DomainPolicy { get; init; }

    /// <summary>The machine's own policy file.</summary>
    public string LocalPolicyFile { get; init; } = PolicyFiles.DefaultLocalFile;

    /// <summary>Windows' own values in the domain's files count, too, beneath ours.</summary>
    public bool ReadWindowsPolicy { get; init; }

    /// <summary>The realm of directory accounts: one directory has one, whichever host it is asked from. Null: the machine's DNS domain, else "directory".</summary>
    public string? Realm { get; init; }

    /// <summary>xrdp's settings, looked at for sections that go around sesman and with it around the logon rules. Where there is no such file, nothing is looked for.</summary>
    public string XrdpSettings { get; init; } = "/etc/xrdp/xrdp.ini";

    /// <summary>sesman's PAM settings, looked at for the hook that asks the logon gate. Where there is no such file, nothing is looked for.</summary>
    public string PamSettings { get; init; } = "/etc/pam.d/xrdp-sesman";

    /// <summary>
    /// What tells this machine from others when it joins, and again after its state directory was lost. Where there is no such file, or nothing in it, a
    /// random id is kept in the state directory; a container is better given a file of its own.
    /// </summary>
    public string MachineIdFile { get; init; } = "/etc/machine-id";

    /// <summary>How long running sessions may go on after the role was told to stop.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.Zero;

    /// <summary>Refusals that are kept; the oldest fall out.</summary>
    public int KeptRefusals { get; init; } = 100_000;

    /// <summary>Sessions that are kept; the oldest fall out.</summary>
    public int KeptSessions { get; init; } = 100_000;

    public string AdministrationSocket => Path.Combine(StateDirectory, "admin.sock");

    /// <summary>Where the PAM hook reports logons.</summary>
    public string LogonSocket => Path.Combine(StateDirectory, "logon.sock");

    public string Database => Path.Combine(StateDirectory, "session-host.db");

    internal IReadOnlyList<string> DomainPolicyFiles => DomainPolicy ?? [PolicyFiles.DefaultDomainFile];

    internal string CertificatePath => CertificateFile ?? Path.Combine(StateDirectory, "tls.pem");

    internal string KeyPath => KeyFile ?? Path.Combine(StateDirectory, "tls.key");

    internal IPEndPoint ListenEndPoint => IPEndPoint.Parse(Listen);

    /// <summary>Checks everything: every error, each naming its field and limit, and not only the first; empty when all is right.</summary>
    public IReadOnlyList<string> Check()
    {
        var errors = new List<string>();
        if (!Path.IsPathFullyQualified(StateDirectory))
            errors.Add($"{nameof(StateDirectory)} is an absolute path, not \"{StateDirectory}\"");
        else if (LogonSocket.Length > MaxSocketPath)
            errors.Add($"{nameof(StateDirectory)} is too long for a unix socket in it: {LogonSocket.Length} characters, the limit is {MaxSocketPath}");
        if (!Gateway.BackEndAddress.TryParse(BackEnd, BackEndFingerprint, out _, out var backEndError))
            errors.Add(backEndError);
        if (Name.Length is 0 or > 255)
            errors.Add($"{nameof(Name)} has 1 to 255 characters, not {Name.Length}");
        if (Realm is { Length: 0 or > MaxRealm })
            errors.Add($"{nameof(Realm)} has 1 to {MaxRealm} characters, not {Realm.Length}");
        if (CertificateFile is null != KeyFile is null)
            errors.Add($"{nameof(CertificateFile)} and {nameof(KeyFile)} are set together or not at all");
        if (KernelHelper is { } helper && (!Path.IsPathFullyQualified(helper) || helper.Length > MaxSocketPath))
            errors.Add($"{nameof(KernelHelper)} is an absolute path of at most {MaxSocketPath} characters");
        errors.AddRange(PolicyFiles.Check(nameof(DomainPolicy), DomainPolicyFiles, nameof(LocalPolicyFile), LocalPolicyFile));
        if (!Listen.Contains(':', StringComparison.Ordinal) || !IPEndPoint.TryParse(Listen, out _))
            errors.Add($"{nameof(Listen)} is IP:PORT, e.g. 0.0.0.0:3389, not \"{Listen}\"");
        CheckTimes(errors);
        CheckCounts(errors);
        return errors;
    }

    /// <summary>Linux takes 108 bytes with the terminator (unix(7)).</summary>
    private const int MaxSocketPath = 107;

    private const int MaxRealm = 255;

    private void CheckTimes(List<string> errors)
    {
        (string, TimeSpan)[] times =
        [
            (nameof(HandshakeTime), HandshakeTime), (nameof(SequenceTime), SequenceTime), (nameof(LicensingTime), LicensingTime),
            (nameof(CloseTime), CloseTime), (nameof(AskTime), AskTime), (nameof(LogonTime), LogonTime), (nameof(ConnectTime), ConnectTime), (nameof(SilenceTime), SilenceTime),
        ];
        foreach (var (name, time) in times)
            if (time < TimeSpan.FromMilliseconds(10) || time > TimeSpan.FromMinutes(5))
                errors.Add($"{name} is between 10 ms and 5 min, not {time}");
        if (DrainTime < TimeSpan.Zero || DrainTime > TimeSpan.FromDays(7))
            errors.Add($"{nameof(DrainTime)} is between 0 and 7 days, not {DrainTime}");
    }

    private void CheckCounts(List<string> errors)
    {
        (string, int)[] counts =
        [
            (nameof(MaxConnections), MaxConnections), (nameof(MaxWaiting), MaxWaiting), (nameof(MaxPerAddress), MaxPerAddress),
            (nameof(MaxWaitingPerAddress), MaxWaitingPerAddress), (nameof(KeptRefusals), KeptRefusals), (nameof(KeptSessions), KeptSessions),
        ];
        foreach (var (name, count) in counts)
            if (count is < 1 or > 10_000_000)
                errors.Add($"{name} is between 1 and 10,000,000, not {count}");
    }
}

/// <summary>The options cannot be used; the message names each field at fault.</summary>
#pragma warning disable CA1032 // Invariant: always with its errors.
public sealed class InvalidOptionsException(IReadOnlyList<string> errors)
    : Exception("the session host's options are not right: " + string.Join("; ", errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
#pragma warning restore CA1032
