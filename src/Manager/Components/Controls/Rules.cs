using Ostiary.Contracts.Administration;

namespace Ostiary.Manager.Components.Controls;

/// <summary>The rows of the rules in words.</summary>
internal static class Rules
{
    /// <summary>Why a session was admitted.</summary>
    public static string Admitted(SessionRecord session) => session.Rule switch
    {
        "2" or "U1" => "administrative session",
        "3" => "its CAL",
        "4" => "the license server's grant",
        "U" => "nobody has logged on yet; a per-user host decides then",
        "5" => "its CAL; the license servers did not answer",
        "6" or "U5" => session.GraceDaysLeft is { } days ? $"the grace period, {days} days were left" : "the grace period",
        "U2" => "its device's CAL",
        "U3" => "a User CAL",
        "U4" => "a User CAL; the license servers did not answer",
        var row => $"row {Harmless.Text(row)}",
    };

    /// <summary>What a reason code means.</summary>
    public static string Refused(string reason) => reason switch
    {
        "tls-required" => "the client offers no TLS",
        "no-cal-available" => "no CAL is free",
        "temporary-expired" => "the device's temporary CAL is over, and no permanent one is free",
        "version-too-old" => "CALs are free, but of an older version than the host",
        "revoked" => "the device's CAL was revoked",
        "other-type-only" => "there are CALs of the other type only",
        "quota-exceeded" => "the host has asked for more than its quota allows",
        "license-server-revoked" => "the publisher has revoked the license server",
        "license-server-deactivated" => "the license server was deactivated",
        "host-not-allowed" => "the host is not allowed to ask",
        "no-license-server" => "no license server answers, and the grace period is over",
        "back-end-not-supported" => "the back end licenses for itself, or not by the security that was agreed",
        "back-end-unavailable" => "xrdp cannot be reached",
        "administrative-sessions-in-use" => "two administrative sessions run already",
        "administrative-wait-over" => "nobody logged on to the administrative session in time",
        "not-an-administrator" => "who asked for an administrative session is no administrator of the host",
        var other => Harmless.Text(other.Replace('-', ' ')),
    };
}
