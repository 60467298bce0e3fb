using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;

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
    int Connections, int Sessions, long Admitted, long Refused, string TlsFingerprint, DateTimeOffset TlsUntil);

/// <param name="Address">HTTPS address.</param>
/// <param name="KeyFingerprint">The pinned key.</param>
/// <param name="CertificateUntil">The end of the host's certificate there.</param>
/// <param name="LedgerNumber">The highest ledger number seen.</param>
/// <param name="SilentSince">Since when it does not answer; null when it does.</param>
public sealed record LicenseServerLink(string Address, string KeyFingerprint, DateTimeOffset CertificateUntil, long LedgerNumber, DateTimeOffset? SilentSince);

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
public sealed record SessionRecord(
    long Id, string Device, string Address, string? Account, string Rule, string? Serial, bool Temporary,
    DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string? End)
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
public sealed record RefusalRecord(
    long Id, DateTimeOffset At, string Reason, string Rule, string? Device, string? HardwareId, string? UserName, string Address, string Detail, string Fix)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(RefusalRecord);
}
