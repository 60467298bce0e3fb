using System.Net;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Policy;
using Ostiary.SessionHost.Grace;

namespace Ostiary.SessionHost.Diagnosis;

/// <summary>What a session host sees of itself at one moment; <see cref="FindingRules"/> turn it into findings.</summary>
internal sealed record HostFacts
{
    public required string Name { get; init; }

    public required DateTimeOffset Now { get; init; }

    public required string StateDirectory { get; init; }

    public required string MachineId { get; init; }

    public required GraceState Grace { get; init; }

    /// <summary>In the order in which they are asked.</summary>
    public IReadOnlyList<LinkFacts> Links { get; init; } = [];

    public bool GraceLost { get; init; }

    /// <summary>Where the machine's clock leapt to; null when it is believed.</summary>
    public DateTimeOffset? ClockLeaptTo { get; init; }

    /// <summary>Free bytes where the state is; null where that cannot be seen.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>What the database answered instead of rows; null where it works, or was not asked.</summary>
    public string? DatabaseFault { get; init; }

    /// <summary>Others can enter the state directory: its mode.</summary>
    public UnixFileMode? OpenStateMode { get; init; }

    public required TlsFacts Tls { get; init; }

    public required BackEndFacts BackEnd { get; init; }

    public required LogonFacts Logon { get; init; }

    /// <summary>Connections now, and how many there may be.</summary>
    public (int Now, int Most) Connections { get; init; } = (0, int.MaxValue);

    public bool Observing { get; init; }

    /// <summary>License servers that policy names and that this host has not joined.</summary>
    public IReadOnlyList<string> NotJoined { get; init; } = [];

    /// <summary>Values of the policy that cannot be used.</summary>
    public IReadOnlyList<PolicyFault> PolicyFaults { get; init; } = [];

    /// <summary>In the last so many days the end of the grace period is warned of.</summary>
    public int GraceWarningDays { get; init; } = PolicyCatalogue.Defaults.GraceWarningDays!.Value;

    /// <summary>Who was refused within the last day and not admitted since; the newest first.</summary>
    public IReadOnlyList<RefusalFacts> Refusals { get; init; } = [];
}

/// <summary>One license server, as this host sees it.</summary>
internal sealed record LinkFacts
{
    public required Uri Address { get; init; }

    public required CalVersion Version { get; init; }

    public required LicensingMode Mode { get; init; }

    public required DateTimeOffset CertificateUntil { get; init; }

    /// <summary>Since when it is silent; null where it answers.</summary>
    public DateTimeOffset? SilentSince { get; init; }

    /// <summary>It was asked now and did not answer: at which step that failed. Null where it answered, or was not asked.</summary>
    public (ConnectionFault Fault, string Text)? Fault { get; init; }

    /// <summary>It answered that it does not know this host: in its words.</summary>
    public string? NotMember { get; init; }

    public (DateTimeOffset At, string Reason)? Revoked { get; init; }

    /// <summary>When its newest revocation list was signed; null where there is none.</summary>
    public DateTimeOffset? ListAt { get; init; }

    public bool ListIsFresh { get; init; } = true;

    /// <summary>The highest ledger number seen, where a lower one was shown since; else null.</summary>
    public long? LedgerWentBackFrom { get; init; }

    /// <summary>What it says of this host; null where it was not asked, or does not say.</summary>
    public HostDiagnosis? Diagnosis { get; init; }

    public bool Answers => SilentSince is null && Fault is null;
}

/// <summary>What RDP clients see.</summary>
/// <param name="Until">The end of the certificate.</param>
/// <param name="CertificateFile">Where it is.</param>
/// <param name="KeyFile">Where its key is.</param>
/// <param name="Fault">What kept the files from being taken after they changed; null where nothing did.</param>
/// <param name="OpenKeyMode">Others can read the key: its mode.</param>
internal sealed record TlsFacts(DateTimeOffset Until, string CertificateFile, string KeyFile, string? Fault = null, UnixFileMode? OpenKeyMode = null);

/// <summary>The RDP host behind.</summary>
/// <param name="Address">As in the options.</param>
/// <param name="Settings">xrdp.ini.</param>
/// <param name="Unreachable">What connecting to it failed with; null where it did not, or was not tried.</param>
/// <param name="OtherSecurity">It was asked and did not choose the security that is configured.</param>
/// <param name="LicensesSince">A connection found that it licenses for itself, and none has been admitted since.</param>
/// <param name="OpenAt">An address of this machine, other than its own alone, at which its TCP port answers; null where none does.</param>
/// <param name="XrdpPorts">TCP ports of xrdp.ini, other than the gateway's, at which something answers.</param>
/// <param name="OpenSocket">Its unix socket, which everybody may open.</param>
/// <param name="SectionsAroundSesman">Sections of xrdp.ini that go around the logon rules.</param>
/// <param name="UnreadableSettings">A settings file that may not be read, and why.</param>
internal sealed record BackEndFacts(
    string Address, string Settings, string? Unreachable = null, bool OtherSecurity = false, DateTimeOffset? LicensesSince = null,
    IPEndPoint? OpenAt = null, IReadOnlyList<int>? XrdpPorts = null, string? OpenSocket = null, IReadOnlyList<string>? SectionsAroundSesman = null, (string File, string Text)? UnreadableSettings = null);

/// <summary>How logons reach the gate.</summary>
/// <param name="KernelHelper">The helper's socket; null where there is none.</param>
/// <param name="HelperFault">It does not answer: why.</param>
/// <param name="PamSettings">sesman's PAM settings.</param>
/// <param name="HookMissing">They do not ask the gate.</param>
/// <param name="Socket">Where the hook asks.</param>
/// <param name="SocketMissing">It is gone.</param>
internal sealed record LogonFacts(
    string? KernelHelper, string PamSettings, string Socket, string? HelperFault = null, bool HookMissing = false, bool SocketMissing = false);

/// <param name="At">When.</param>
/// <param name="Who">The device, or the person, or the address.</param>
/// <param name="Reason">Reason code.</param>
/// <param name="Rule">The row of <c>docs/rules.md</c>.</param>
/// <param name="Detail">One sentence with the numbers that decided.</param>
/// <param name="Fix">What to do.</param>
internal sealed record RefusalFacts(DateTimeOffset At, string Who, string Reason, string Rule, string Detail, string Fix);
