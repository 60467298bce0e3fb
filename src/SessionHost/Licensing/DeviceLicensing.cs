using System.Net;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Licensing;

/// <summary>What licensing needs from the rest of the role.</summary>
internal sealed record LicensingServices(Servers Servers, CalQuestions Questions, Receipts Receipts, TimeProvider Time, ILogger<DeviceLicensing> Logger);

/// <summary>Why a connection was admitted.</summary>
/// <param name="Row">The row of <c>docs/rules.md</c>.</param>
/// <param name="Serial">The CAL.</param>
/// <param name="Temporary">Whether it is a temporary one.</param>
/// <param name="LicenseServer">Who issued it.</param>
internal sealed record AdmittedBy(string Row, string? Serial, bool Temporary, KeyFingerprint? LicenseServer);

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
    public void RefuseOutside(Refusal refusal) => Refusal = refusal;

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
        _held = await ReadAsync(question.License, question.HardwareId.ToArray(), cancellation).ConfigureAwait(false);
        Log.ClientAsks(services.Logger, connection, _held.Description);
        var ruling = DeviceRules.Decide(new(true, _held.Store, _held.Quality, ServerAnswer.NotAsked, false));
        if (ruling.Outcome != RuleOutcome.Admit)
            return new LicenseDecision.ChallengeFirst();
        By = new(ruling.Row, _held.Serial, _held.Temporary, _held.LicenseServer);
        return new LicenseDecision.Accepted();
    }

    private async Task<LicenseDecision> DecideAsync(LicenseQuestion.Full question, CancellationToken cancellation)
    {
        HardwareId = Convert.ToHexStringLower(question.HardwareId.ToArray());
        (_machineName, _userName) = (question.MachineName, question.UserName);
        if (question.PresentedLicense is null)
            Log.ClientAsks(services.Logger, connection, _held.Description);

        var claim = new DeviceClaim(HardwareId, Device ?? "", UserName ?? "", address.ToString());
        var reply = await services.Questions.AskAsync(claim, _held.Stored, _held.LicenseServer, cancellation).ConfigureAwait(false);
        var receipt = reply is ServerReply.Silent
            ? await services.Receipts.FindValidAsync(HardwareId, services.Servers.HostVersion, services.Servers.Pinned, cancellation).ConfigureAwait(false)
            : null;
        var ruling = DeviceRules.Decide(new(true, _held.Store, _held.Quality, AnswerOf(reply), receipt is not null));
        return Apply(ruling, reply, receipt);
    }

    private LicenseDecision Apply(Ruling ruling, ServerReply reply, Storage.ReceiptRow? receipt)
    {
        switch (reply)
        {
            case ServerReply.Granted granted:
                Log.ServerGrants(services.Logger, connection, HeldCal.Kind(granted.Cal.Temporary), HeldCal.Short(granted.Cal.Serial), granted.Cal.ExpiresAt);
                By = new(ruling.Row, granted.Cal.Serial, granted.Cal.Temporary, granted.Server);
                services.Receipts.Keep(
                    granted.Server, granted.Cal, HardwareId!, Device ?? "", granted.LedgerNumber,
                    _held.Store == ClientStore.Foreign ? granted.Cal.Stored : null);
                break;
            case ServerReply.Refused refused:
                Refusal = Refusal.ByServer(refused.Reason, refused.Detail, refused.Address);
                break;
            case ServerReply.Silent silent when ruling.Outcome == RuleOutcome.Admit:
                Log.ServersSilent(services.Logger, connection, silent.Detail);
                By = receipt is { } kept && _held.Serial is null
                    ? new(ruling.Row, kept.Serial, kept.Temporary, KeyFingerprint.TryParse(kept.LicenseServer, out var server) ? server : null)
                    : new(ruling.Row, _held.Serial, _held.Temporary, _held.LicenseServer);
                break;
            case ServerReply.Silent silent:
                Refusal = Refusal.AllSilent(silent.Detail);
                break;
            default:
                Refusal = Refusal.NoneConfigured;
                break;
        }

        return ruling.ToClient switch
        {
            ToClient.ValidClient => new LicenseDecision.Granted(null),
            ToClient.NewLicense or ToClient.UpgradeLicense => new LicenseDecision.Granted(((ServerReply.Granted)reply).Cal.Stored),
            ToClient.NoLicense => new LicenseDecision.Refused(LicensingErrorCode.InvalidClient, ErrorInfoCode.NoLicense),
            _ => new LicenseDecision.Refused(LicensingErrorCode.NoLicenseServer, ErrorInfoCode.NoLicenseServer),
        };
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
            var now = services.Time.GetUtcNow();
            var verdict = cal.Verify(servers.Pinned, servers.RootOf(cal.LicenseServer), hardwareId, now);
            if (verdict == DeviceCalVerdict.IssuerNotPinned)
                return null;
            var quality = CalQualities.Of(verdict, cal.Data, cal.NotAfter, servers.HostVersion, now);
            var proves = verdict is not DeviceCalVerdict.SignatureInvalid;
            return new(ClientStore.Ours, quality, proves ? license : null, cal.Serial, cal.Data.Temporary, cal.LicenseServer);
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
