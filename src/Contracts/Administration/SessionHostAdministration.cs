using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;

namespace Ostiary.Contracts.Administration;

// What administrators do at a session host, over its unix socket (mode 0600): the local user who runs it, and root.

/// <summary><c>POST /v1/membership</c>: joins the license server of an invitation. Answers a <see cref="SessionHostStatus"/>.</summary>
public sealed record JoinServerRequest(string Invitation)
{
    /// <summary>Says nothing: the invitation is a secret.</summary>
    public override string ToString() => nameof(JoinServerRequest);
}

/// <summary><c>GET /v1/status</c> of a session host.</summary>
public sealed record SessionHostStatus(
    string Name, string Address, string BackEnd, LicensingMode Mode, CalVersion Version, IReadOnlyList<LicenseServerLink> LicenseServers,
    int Connections, int Sessions, long Admitted, long Refused, string TlsFingerprint, DateTimeOffset TlsUntil, bool Observe = false,
    IReadOnlyList<Finding>? Findings = null);

/// <summary><c>GET /v1/grace</c>: the grace period. <c>POST /v1/grace-extensions</c> (an <see cref="InstallExtensionRequest"/>) answers the same.</summary>
/// <param name="State"><c>not-started</c>, <c>running</c> or <c>ended</c>.</param>
/// <param name="StartedAt">The first connection without a CAL; null before.</param>
/// <param name="Until">The first second after it; null before it has begun, and when the record is lost.</param>
/// <param name="EndedEarly">A CAL was granted for this host.</param>
/// <param name="DaysLeft">While it runs.</param>
/// <param name="MachineId">What <c>clearinghouse grace extend</c> asks for.</param>
/// <param name="ExtensionDays">Days that extensions added.</param>
/// <param name="Extensions">The numbers of the extensions that were installed.</param>
/// <param name="Source">Where the record was read from: a file, <c>license server</c>, <c>none</c>.</param>
/// <param name="Lost">The record is lost or damaged and no license server has given its copy; the grace period counts as ended.</param>
public sealed record GraceStatus(
    string State, DateTimeOffset? StartedAt, DateTimeOffset? Until, bool EndedEarly, int? DaysLeft, string MachineId, int ExtensionDays,
    IReadOnlyList<Guid> Extensions, string Source, bool Lost);

/// <param name="Extension">The text of the file that <c>clearinghouse grace extend</c> wrote (<see cref="Statements.GraceExtensionFile"/>).</param>
public sealed record InstallExtensionRequest(string Extension);

/// <summary><c>GET /v1/clock</c>; <c>POST /v1/clock</c> confirms the machine's clock and answers the same.</summary>
/// <param name="Machine">What the machine's clock says.</param>
/// <param name="Counts">What counts as now for rules and grace.</param>
/// <param name="Confirmed">False after a leap of more than 24 hours that nobody has confirmed.</param>
public sealed record ClockStatus(DateTimeOffset Machine, DateTimeOffset Counts, bool Confirmed);

/// <summary><c>GET /v1/observation?days=N</c>: what sessions of the last days would need, and whom today's rules would refuse.</summary>
/// <param name="Days">1 to 365.</param>
/// <param name="Observing">Whether the host only observes now.</param>
/// <param name="Sessions">Sessions of these days, administrative ones left out.</param>
/// <param name="Devices">Distinct devices among them: as many Device CALs would do.</param>
/// <param name="Users">Distinct persons who logged on: as many User CALs would do.</param>
/// <param name="AdmittedByGrace">Sessions that only the grace period admitted.</param>
/// <param name="WouldBeRefused">By whom and why, the latest first; at most 1,000.</param>
public sealed record ObservationReport(
    int Days, bool Observing, int Sessions, int Devices, int Users, int AdmittedByGrace, IReadOnlyList<ObservedRefusal> WouldBeRefused);

/// <param name="Who">The device's name, or the person's where the logon was refused.</param>
/// <param name="Reason">Reason code.</param>
/// <param name="Rule">The row of <c>docs/rules.md</c>.</param>
/// <param name="Times">How often.</param>
/// <param name="LastAt">When last.</param>
/// <param name="Detail">One sentence with the numbers that decided, of the last time.</param>
/// <param name="Fix">What to do.</param>
public sealed record ObservedRefusal(string Who, string Reason, string Rule, int Times, DateTimeOffset LastAt, string Detail, string Fix)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(ObservedRefusal);
}

/// <summary><c>POST /v1/explanation</c>: runs the device table now for a device that was here before; exactly one is given.</summary>
/// <param name="HardwareId">40 hexadecimal digits.</param>
/// <param name="ClientName">The device's name, as in <c>sessions list</c>.</param>
/// <param name="Account">The person who logged on; the last device is explained.</param>
public sealed record ExplanationRequest(string? HardwareId, string? ClientName, string? Account)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(ExplanationRequest);
}

/// <param name="HardwareId">The device; null when it was never here.</param>
/// <param name="Rows">The table, row by row, up to the one that decides.</param>
/// <param name="Outcome"><c>admit</c>, <c>refuse</c>, or <c>ask</c> where the license servers' answer would decide.</param>
public sealed record Explanation(string? HardwareId, IReadOnlyList<ExplainedRow> Rows, string Outcome);

/// <param name="Row">The row of <c>docs/rules.md</c>.</param>
/// <param name="Condition">What it asks.</param>
/// <param name="Matches">Whether it holds now; null where only the license servers' answer would tell.</param>
/// <param name="Because">The value that decided.</param>
public sealed record ExplainedRow(string Row, string Condition, bool? Matches, string Because);

/// <param name="Address">HTTPS address.</param>
/// <param name="KeyFingerprint">The pinned key.</param>
/// <param name="CertificateUntil">The end of the host's certificate there.</param>
/// <param name="LedgerNumber">The highest ledger number seen.</param>
/// <param name="SilentSince">Since when it does not answer; null when it does.</param>
/// <param name="RevocationNumber">The number of its newest revocation list; null when there was none.</param>
/// <param name="RevocationsAt">When that list was signed.</param>
/// <param name="Successions">Keys that the pinned one has followed; null where there are none.</param>
public sealed record LicenseServerLink(
    string Address, string KeyFingerprint, DateTimeOffset CertificateUntil, long LedgerNumber, DateTimeOffset? SilentSince,
    long? RevocationNumber = null, DateTimeOffset? RevocationsAt = null, IReadOnlyList<SuccessionStatus>? Successions = null);

/// <summary><c>GET /v1/sessions</c>: connections past licensing, the running ones first.</summary>
/// <param name="Id">The connection's number.</param>
/// <param name="Device">The client's name.</param>
/// <param name="Address">The client's address.</param>
/// <param name="Account">Who logged on, as the kernel shows; null until then.</param>
/// <param name="Rule">The row of <c>docs/rules.md</c> that admitted it.</param>
/// <param name="Serial">The CAL; null where the row needs none.</param>
/// <param name="Temporary">Whether the CAL is a temporary one.</param>
/// <param name="StartedAt">When the connection began.</param>
/// <param name="EndedAt">When it ended; null while it runs.</param>
/// <param name="End">Why it ended; null while it runs.</param>
/// <param name="GraceDaysLeft">Days that were left of the grace period that admitted it; null for other rows.</param>
/// <param name="HardwareId">40 hexadecimal digits; null when the client has not sent it.</param>
public sealed record SessionRecord(
    long Id, string Device, string Address, string? Account, string Rule, string? Serial, bool Temporary,
    DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string? End, int? GraceDaysLeft = null, string? HardwareId = null)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(SessionRecord);
}

/// <summary><c>GET /v1/refusals?after=&amp;limit=</c>, newest first.</summary>
/// <param name="Id">The refusal's number.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Reason code, e.g. <c>temporary-expired</c>.</param>
/// <param name="Rule">The row of <c>docs/rules.md</c> that refused.</param>
/// <param name="Device">The client's name; null when it did not get that far.</param>
/// <param name="HardwareId">40 hexadecimal digits; null when it did not get that far.</param>
/// <param name="UserName">The name that the client sent, not proven; null when it sent none.</param>
/// <param name="Address">The client's address.</param>
/// <param name="Detail">One sentence with the numbers that decided.</param>
/// <param name="Fix">What to do, with the exact command.</param>
/// <param name="Observed">The host only observes: it was admitted all the same.</param>
public sealed record RefusalRecord(
    long Id, DateTimeOffset At, string Reason, string Rule, string? Device, string? HardwareId, string? UserName, string Address, string Detail, string Fix,
    bool Observed = false)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(RefusalRecord);
}
