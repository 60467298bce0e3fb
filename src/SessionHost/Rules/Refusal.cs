using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.Rules;

/// <summary>Why a connection is not admitted, for the person who looks after the host.</summary>
/// <param name="Reason">Reason code.</param>
/// <param name="Row">The row of <c>docs/rules.md</c>; "-" where no row but the path itself refuses.</param>
/// <param name="Detail">One sentence with the numbers that decided.</param>
/// <param name="Fix">What to do, with the exact command.</param>
public sealed record Refusal(string Reason, string Row, string Detail, string Fix)
{
    private const string NoRow = "-";

    public static Refusal TlsRequired { get; } = new(
        "tls-required", "1", "The client offers standard RDP security only.",
        "Set the client to negotiate or to TLS (xfreerdp: leave out /sec:rdp, or /sec:tls).");

    public static Refusal ByServer(RefusalReason reason, string? detail, string server) => new(
        KebabCase.Of(reason), "7", detail ?? $"The license server {server} refuses.",
        reason switch
        {
            RefusalReason.VersionTooOld =>
                $"On the license server {server}: ostiary packs install KEY, with CALs of this host's version or newer (ostiary packs list shows what there is).",
            RefusalReason.Revoked =>
                $"On the license server {server}: ostiary cals list shows who revoked it and when.",
            RefusalReason.OtherTypeOnly =>
                $"On the license server {server}: ostiary packs list shows what there is; install CALs of this host's type (ostiary packs install KEY), or invite the host anew in the other mode.",
            RefusalReason.QuotaExceeded or RefusalReason.HostNotAllowed =>
                $"On the license server {server}: ostiary hosts list shows the host, whether it may ask, and its quota; ostiary hosts set HOST changes both (--allowed true, --quota N).",
            RefusalReason.LicenseServerDeactivated =>
                $"On the license server {server}: ostiary server activate, then ostiary packs install KEY; or join another license server: ostiary hosts invite there, ostiary hosts join INVITATION here.",
            RefusalReason.LicenseServerRevoked =>
                "Ask the publisher; then join another license server: ostiary hosts invite there, ostiary hosts join INVITATION here.",
            _ => $"On the license server {server}: ostiary packs install KEY.",
        });

    public static Refusal NoneConfigured { get; } = new(
        "no-license-server", "8", "This host has not joined a license server.",
        "On the license server: ostiary hosts invite. Then here: ostiary hosts join INVITATION.");

    public static Refusal AllSilent(string detail) => new(
        "no-license-server", "8", detail,
        "Here: ostiary status shows which license server is silent and since when. There: ostiary run license-server, or look at its log.");

    public static Refusal BackEndLicenses { get; } = new(
        "back-end-not-supported", NoRow, "The back end licenses its clients for itself, as Windows does.",
        "Put an RDP host that does not license in its place (BackEnd in the options); Windows needs its own licensing.");

    public static Refusal BackEndSecurity(string backEnd) => new(
        "back-end-not-supported", NoRow, $"{backEnd} did not choose the security that is configured.",
        backEnd.StartsWith("unix:", StringComparison.Ordinal)
            ? "In xrdp.ini: security_layer=rdp and crypt_level=none; then restart xrdp."
            : "In xrdp.ini: security_layer=tls; then restart xrdp.");

    public static Refusal BackEndUnavailable(string backEnd, string detail) => new(
        "back-end-unavailable", NoRow, $"{backEnd} cannot be reached: {detail}.",
        backEnd.StartsWith("unix:", StringComparison.Ordinal)
            ? "Here: systemctl restart xrdp; the socket must be one that the gateway's user may open (ls -l on it)."
            : "Here: systemctl restart xrdp; BackEndFingerprint must be the SHA-256 of its certificate's public key.");
}
