using System.Net;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Licensing;

/// <summary>What licensing needs from the rest of the role.</summary>
internal sealed record LicensingServices(
    PolicyInForce Policy, Servers Servers, CalQuestions Questions, Receipts Receipts, Revocations Revocations, GracePeriod Grace, HostClock Clock,
    SignedTimes Times, TimeProvider Time, ILogger<DeviceLicensing> Logger);

/// <summary>Why a connection was admitted.</summary>
/// <param name="Row">The row of <c>docs/rules.md</c>.</param>
/// <param name="Serial">The CAL.</param>
/// <param name="Temporary">Whether it is a temporary one.</param>
/// <param name="LicenseServer">Who issued it.</param>
/// <param name="GraceDaysLeft">Days left of the grace period, where that admits.</param>
internal sealed record AdmittedBy(string Row, string? Serial, bool Temporary, KeyFingerprint? LicenseServer, int? GraceDaysLeft = null);

/// <summary>
/// The decisions of one connection: gathers the facts, applies <see cref="DeviceRules"/>, remembers what to record.
/// I/O happens in the steps called Read, Ask and Find, and nowhere else.
/// </summary>
internal sealed class DeviceLicensing(long connection, IPAddress address, LicensingServices services)
{
    private const int MaxName = 255;

    private ConnectionFacts? _facts;
    private HeldCal _held = HeldCal.Nothing;
    private string? _machineName;
    private string? _userName;

    /// <summary>Why the connection is admitted; null until it is.</summary>
    public AdmittedBy? By { get; private set; }

    /// <summary>Why it is not; null unless it is refused.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>The refusal is only observed: the connection is admitted all the same.</summary>
    public bool Observed { get; private set; }

    /// <summary>The client's name, as it says; from the licensing exchange, else from CS_CORE.</summary>
    public string? Device => Clean(_machineName ?? _facts?.ClientName);

    /// <summary>The name that the client sent; not proven.</summary>
    public string? UserName => Clean(_userName ?? _facts?.UserName);

    /// <summary>40 hexadecimal digits; null until the client has sent it.</summary>
    public string? HardwareId { get; private set; }

    /// <summary>When licensing began.</summary>
    public long BeganAt { get; private set; }

    /// <summary>The client's own messages are known from here on.</summary>
    public void Begin(ConnectionFacts facts)
    {
        _facts = facts;
        BeganAt = services.Time.GetTimestamp();
    }

    /// <summary>The path itself refuses, not a row.</summary>
    public void RefuseOutside(Refusal refusal) => (Refusal, Observed) = (refusal, false);

    /// <summary>Answers the exchange.</summary>
    public async Task<LicenseDecision> DecideAsync(LicenseQuestion question, CancellationToken cancellation) => question switch
    {
        LicenseQuestion.Presented presented => await DecideAsync(presented, cancellation).ConfigureAwait(false),
        LicenseQuestion.Full full => await DecideAsync(full, cancellation).ConfigureAwait(false),
        _ => throw new InvalidOperationException($"{question} has no rule"),
    };

    /// <summary>The exchange is over, and well.</summary>
    public void Admitted(ExchangeEnd end)
    {
        var toClient = end switch
        {
            ExchangeEnd.NewLicense => "NEW_LICENSE, which it stores",
            ExchangeEnd.UpgradeLicense => "UPGRADE_LICENSE, which it stores in place of the old one",
            _ => "STATUS_VALID_CLIENT, its store stays as it is",
        };
        Log.Admitted(services.Logger, connection, By!.Row, toClient);
    }

    private async Task<LicenseDecision> DecideAsync(LicenseQuestion.Presented question, CancellationToken cancellation)
    {
        HardwareId = Convert.ToHexStringLower(question.HardwareId.ToArray());
        await services.Times.SettleAsync(cancellation).ConfigureAwait(false);
        _held = await ReadAsync(question.License, question.HardwareId.ToArray(), cancellation).ConfigureAwait(false);
        Log.ClientAsks(services.Logger, connection, _held.Description);
        return TryAdmitUnasked() ? new LicenseDecision.Accepted() : new LicenseDecision.ChallengeFirst();
    }

    private async Task<LicenseDecision> DecideAsync(LicenseQuestion.Full question, CancellationToken cancellation)
    {
        HardwareId = Convert.ToHexStringLower(question.HardwareId.ToArray());
        (_machineName, _userName) = (question.MachineName, question.UserName);
        if (question.PresentedLicense is null)
        {
            await services.Times.SettleAsync(cancellation).ConfigureAwait(false);
            Log.ClientAsks(services.Logger, connection, _held.Description);
            if (TryAdmitUnasked())
                return new LicenseDecision.Granted(null);
        }

        var claim = new DeviceClaim(HardwareId, Device ?? "", UserName ?? "", address.ToString());
        var reply = await services.Questions.AskAsync(claim, _held.Stored, _held.LicenseServer, cancellation).ConfigureAwait(false);
        var receipt = reply is ServerReply.Silent or ServerReply.Refused { SilentServers.Count: > 0 }
            ? await services.Receipts.FindValidAsync(HardwareId, services.Servers.HostVersion, services.Servers.Good, cancellation).ConfigureAwait(false)
            : null;
        if (reply is ServerReply.Refused refused && HoldsOfSilent(refused, receipt))
            reply = new ServerReply.Silent(refused.SilentDetail);
        var facts = Facts(AnswerOf(reply), receipt is not null);
        var ruling = DeviceRules.Decide(facts);
        int? daysLeft = null;
        if (ruling.Row == "6")
        {
            var state = await services.Grace.UseAsync(cancellation).ConfigureAwait(false);
            daysLeft = (state as GraceState.Running)?.DaysLeft;
            if (state is GraceState.Ended)
                ruling = DeviceRules.Decide(facts with { Grace = GraceStanding.Ended });
        }

        if (reply is ServerReply.Granted { Cal.Temporary: false })
            await services.Grace.CalGrantedAsync(cancellation).ConfigureAwait(false);
        return Apply(ruling, reply, receipt, daysLeft);
    }

    // Rows 1 to 3 and U: no license server is asked.
    private bool TryAdmitUnasked()
    {
        var ruling = DeviceRules.Decide(Facts(ServerAnswer.NotAsked, false));
        if (ruling.Outcome != RuleOutcome.Admit)
            return false;
        By = ruling.Row == "3" ? new(ruling.Row, _held.Serial, _held.Temporary, _held.LicenseServer) : new(ruling.Row, null, false, null);
        return true;
    }

    private DeviceFacts Facts(ServerAnswer answer, bool receipt) => new(
        true, _facts?.AsksForAdministrativeSession ?? false, services.Servers.Mode, _held.Store, _held.Quality,
        services.Revocations.Of(_held.Serial, _held.LicenseServer, _held.PackId, address), answer, receipt,
        GraceStandings.Of(services.Grace.State));

    // A license server that is silent may have renewed it: what another one says does not count against whoever holds its CAL.
    private bool HoldsOfSilent(ServerReply.Refused refused, Storage.ReceiptRow? receipt)
        => (_held is { Quality: CalQuality.Good or CalQuality.EndsSoon or CalQuality.Temporary, LicenseServer: { } issuer } && IsSilent(refused, issuer))
            || (receipt is not null && KeyFingerprint.TryParse(receipt.LicenseServer, out var keeper) && IsSilent(refused, keeper));

    private bool IsSilent(ServerReply.Refused refused, KeyFingerprint issuer) => services.Servers.LinkOf(issuer) is { } link && refused.SilentServers.Any(link.Has);

    private LicenseDecision Apply(Ruling ruling, ServerReply reply, Storage.ReceiptRow? receipt, int? graceDaysLeft)
    {
        if (reply is ServerReply.Granted granted)
        {
            Log.ServerGrants(services.Logger, connection, HeldCal.Kind(granted.Cal.Temporary), HeldCal.Short(granted.Cal.Serial), granted.Cal.ExpiresAt);
            By = new(ruling.Row, granted.Cal.Serial, granted.Cal.Temporary, granted.Server);
            services.Receipts.Keep(
                granted.Server, granted.Cal, HardwareId!, Device ?? "", granted.LedgerNumber,
                _held.Store == ClientStore.Foreign ? granted.Cal.Stored : null, granted.Cal.Stored ?? _held.Stored);
        }
        else if (ruling.Row == "6")
        {
            Log.AdmittedByGrace(services.Logger, connection, graceDaysLeft ?? 0);
            By = new(ruling.Row, null, false, null, graceDaysLeft);
        }
        else if (ruling.Outcome == RuleOutcome.Admit)
        {
            AdmitHeld(ruling.Row, ((ServerReply.Silent)reply).Detail, receipt);
        }
        else
        {
            Refuse(ruling.Row, reply);
        }

        if (Observed)
            return new LicenseDecision.Granted(null);
        return ruling.ToClient switch
        {
            ToClient.ValidClient => new LicenseDecision.Granted(null),
            ToClient.NewLicense or ToClient.UpgradeLicense => new LicenseDecision.Granted(((ServerReply.Granted)reply).Cal.Stored),
            ToClient.NoLicense => new LicenseDecision.Refused(LicensingErrorCode.InvalidClient, ErrorInfoCode.NoLicense),
            _ => new LicenseDecision.Refused(LicensingErrorCode.NoLicenseServer, ErrorInfoCode.NoLicenseServer),
        };
    }

    private void AdmitHeld(string row, string silent, Storage.ReceiptRow? receipt)
    {
        Log.ServersSilent(services.Logger, connection, silent);
        if (services.Revocations.Of(_held.Serial, _held.LicenseServer, _held.PackId, address) is var revocation and not Revocation.Clear)
            Log.AdmittedUnasked(services.Logger, connection, KebabCase.Of(revocation));
        By = receipt is { } kept && _held.Serial is null
            ? new(row, kept.Serial, kept.Temporary, KeyFingerprint.TryParse(kept.LicenseServer, out var server) ? server : null)
            : new(row, _held.Serial, _held.Temporary, _held.LicenseServer);
    }

    private void Refuse(string row, ServerReply reply)
    {
        Refusal = reply switch
        {
            ServerReply.Refused refused => Refusal.ByServer(refused.Reason, refused.Detail, refused.Address),
            ServerReply.Silent silent => Refusal.AllSilent(silent.Detail),
            _ => Refusal.NoneConfigured,
        };
        Observed = services.Policy.Observe;
        if (Observed)
            By = new(row, null, false, null);
    }

    // A license that is not ours is not looked at any further; the host may keep a CAL for such a client.
    private async Task<HeldCal> ReadAsync(byte[] license, byte[] hardwareId, CancellationToken cancellation)
    {
        if (Read(license, hardwareId) is { } presented)
            return presented with { Store = ClientStore.Ours };
        return await services.Receipts.FindStoredAsync(HardwareId!, cancellation).ConfigureAwait(false) is { } stored && Read(stored, hardwareId) is { } kept
            ? kept with { Store = ClientStore.Foreign }
            : HeldCal.SomebodyElses;
    }

    private HeldCal? Read(byte[] license, byte[] hardwareId)
    {
        if (!DeviceCal.TryRead(license, out var cal))
            return null;
        using (cal)
        {
            var servers = services.Servers;
            var now = services.Clock.Now;
            var link = servers.LinkOf(cal.LicenseServer);
            var verdict = cal.Verify(servers.Pinned, link?.Trust, link?.ChainOf(cal.LicenseServer) ?? [], hardwareId, now);
            // Somebody else has the key: the CAL is as good as what the license server finds under its serial number.
            if (verdict == DeviceCalVerdict.Valid && servers.IsClaim(cal.LicenseServer))
                verdict = DeviceCalVerdict.Revoked;
            if (verdict == DeviceCalVerdict.IssuerNotPinned)
                return null;
            var quality = CalQualities.Of(verdict, cal.Data, cal.NotAfter, servers.HostVersion, now);
            var proves = verdict is not DeviceCalVerdict.SignatureInvalid;
            return new(ClientStore.Ours, quality, proves ? license : null, cal.Serial, cal.Data.Temporary, cal.LicenseServer, cal.Data.Temporary ? null : cal.Data.PackId);
        }
    }

    private static ServerAnswer AnswerOf(ServerReply reply) => reply switch
    {
        ServerReply.Granted { Cal.Stored: null } => ServerAnswer.GrantsSame,
        ServerReply.Granted => ServerAnswer.GrantsNew,
        ServerReply.Refused => ServerAnswer.Refuses,
        ServerReply.Silent => ServerAnswer.Silent,
        _ => ServerAnswer.NoneConfigured,
    };

    // Names of a client may hold anything: control characters would forge lines where the name is shown.
    private static string? Clean(string? name)
        => name is null ? null : string.Concat(name.Take(MaxName).Select(symbol => char.IsControl(symbol) ? '\uFFFD' : symbol));
}
