using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Sessions;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>A CAL that the client presented and that this license server's key has signed.</summary>
/// <param name="Serial">Its serial number.</param>
/// <param name="ToBeSigned">Its to-be-signed bytes.</param>
/// <param name="Stored">The stored license as it came.</param>
/// <param name="IsClaim">A key has signed it that is in somebody's hands: it proves nothing, and is looked up by its serial number.</param>
internal sealed record PresentedCal(CalSerial Serial, byte[] ToBeSigned, byte[] Stored, bool IsClaim = false);

/// <summary>A checked request for a Device CAL.</summary>
/// <param name="Host">Who asks.</param>
/// <param name="RequestId">Chosen by the host.</param>
/// <param name="BodyHash">SHA-256 over all that was asked.</param>
/// <param name="HardwareId">20 bytes.</param>
/// <param name="ClientName">As the client says.</param>
/// <param name="Presented">Null where the client presented none of ours.</param>
/// <param name="Address">The client's address as the host sees it.</param>
/// <param name="Pass">What may be granted.</param>
/// <param name="PermanentDays">52 to 89, drawn for this request.</param>
internal sealed record DeviceCalQuestion(
    HostIdentity Host, Guid RequestId, byte[] BodyHash, byte[] HardwareId, string ClientName, PresentedCal? Presented, string Address, AskingPass Pass, int PermanentDays)
{
    public DeviceKey DeviceKey { get; } = DeviceKey.Of(HardwareId, ClientName);

    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(DeviceCalQuestion);
}

/// <summary>What was committed; not signed yet.</summary>
/// <param name="Cal">The CAL; null for a refusal.</param>
/// <param name="Presented">The client presented this very CAL.</param>
/// <param name="Reason">Why there is none.</param>
/// <param name="Detail">One sentence with the numbers that decided.</param>
internal sealed record DeviceCalOutcome(Cal? Cal, bool Presented, RefusalReason? Reason, string? Detail);

/// <summary>
/// Finds the device, decides, and writes: 1. a request id that was answered is answered the same; 2. the device, by its CAL, else by hardware id and name;
/// 3. what is over expires; 4. the rule; 5. its rows; 6. the request id.
/// </summary>
internal sealed class DeviceCalCommand(DeviceCalQuestion question, LicenseServerIdentity identity) : LedgerCommand<DeviceCalOutcome>
{
    // As it is when the transaction has its turn: another node may have changed it since the request came.
    private Credentials _own = identity.Current;

    public override void Collect(Needs needs)
    {
        needs.Hosts.Add(question.Host.HostId);
        needs.Requests.Add(question.RequestId);
        needs.Devices.Add(question.DeviceKey);
        if (question.Presented is { } presented)
            needs.Serials.Add(presented.Serial);
    }

    protected override DeviceCalOutcome Execute(LedgerBatch batch)
    {
        _own = identity.Current;
        var host = batch.Host(question.Host);
        if (Repeated(batch) is { } same)
            return same;
        if (!host.Allowed)
            return new(null, false, RefusalReason.HostNotAllowed, HostStanding.NotAllowed);
        if (_own.WhyIssuesNothing is { } whyNothing)
            return new(null, false, whyNothing.Reason, whyNothing.Text);
        var device = FindDevice(batch) ?? NewDevice(batch);
        foreach (var over in batch.Rows.OfDevice(device).OfType<License>().Where(license => license.Status == LicenseStatus.Live && license.IsOver(batch.Now)).ToList())
            batch.Expire(over);
        foreach (var over in batch.Rows.OfDevice(device).OfType<Temporary>().Where(temporary => temporary.IsOver(batch.Now)).ToList())
            batch.Remove(over);
        var held = HeldBy(batch, device);
        var outcome = Carry(batch, host, device, held, Decide(batch, host, device, held));
        batch.Answer(new()
        {
            RequestId = question.RequestId,
            HostId = host.HostId,
            BodyHash = question.BodyHash,
            Answer = outcome.Cal is null ? AnswerKind.Refused : AnswerKind.Granted,
            Serial = outcome.Cal?.Serial,
            Reason = outcome.Reason,
            Detail = outcome.Detail,
            At = batch.Now,
        });
        return outcome;
    }

    private DeviceCalOutcome? Repeated(LedgerBatch batch)
    {
        if (batch.Rows.Request(question.RequestId) is not { } before)
            return null;
        RequestIds.MustBeTheSame(before, question.Host, question.BodyHash);
        if (before.Answer == AnswerKind.Refused)
        {
            batch.Touch(before, null);
            return new(null, false, before.Reason, before.Detail);
        }

        // An unvalidated temporary CAL may have fallen out since; then the question is a new one.
        if (before.Serial is not { } serial || batch.Rows.BySerial(serial) is not { } cal)
            return null;
        batch.Touch(before, cal);
        return new(cal, IsPresented(cal), null, before.Detail);
    }

    // A CAL of ours that this hardware id holds names the device, whatever the client calls itself by now. Else hardware id and name, as recorded.
    private Guid? FindDevice(LedgerBatch batch)
    {
        var known = batch.Rows.ByKey(question.DeviceKey).Select(cal => cal.DeviceId).Distinct().Where(device => !IsElsewhere(batch, device))
            .OrderByDescending(device => batch.Rows.OfDevice(device).Max(cal => (cal is License, cal.NotAfter))).Select(device => (Guid?)device).FirstOrDefault();
        if (question.Presented is not { } presented)
            return known;
        if (batch.Rows.BySerial(presented.Serial) is { } row)
            return IsOfThisDevice(row) && (!presented.IsClaim || IsPresented(row)) && !IsElsewhere(batch, row.DeviceId) ? row.DeviceId : known;
        return presented.IsClaim ? known : Adopt(batch, presented, known) ?? known;
    }

    // A hardware id that is the same on every machine names nobody: the name must agree, too.
    private bool IsOfThisDevice(Cal row)
        => row.HardwareId.AsSpan().SequenceEqual(question.HardwareId) && (!HardwareId.IsConstant(question.HardwareId) || row.DeviceKey == question.DeviceKey);

    // The device's CAL is in use from another address at this moment, and was seen so before: whoever comes from here is another device.
    private bool IsElsewhere(LedgerBatch batch, Guid device)
        => batch.Rows.OfDevice(device).OfType<License>().Any(license => license is { Status: LicenseStatus.Live, AskFirst: true }
            && ReportSessions.UsedFrom(batch, license.Serial) is { } used && used != ReportSessions.Spell(question.Address));

    // Of one time, so that they lie together in an index.
    private static Guid NewDevice(LedgerBatch batch) => Guid.CreateVersion7(batch.Now);

    // Its row fell out of the table of unvalidated ones, or the ledger is older than the CAL. The CAL's own word is enough: we signed it.
    private Guid? Adopt(LedgerBatch batch, PresentedCal presented, Guid? known)
    {
        if (!DeviceCal.TryRead(presented.Stored, out var cal))
            return null;
        using (cal)
        {
            var digest = DeviceCalData.DigestHardwareId(cal.LicenseServer, question.HardwareId);
            if (!cal.Data.HardwareIdDigest.AsSpan().SequenceEqual(digest) || batch.Now > cal.NotAfter)
                return null;
            var device = known ?? NewDevice(batch);
            if (cal.Data.Temporary)
            {
                batch.Add(new Temporary
                {
                    Serial = presented.Serial,
                    DeviceId = device,
                    DeviceKey = question.DeviceKey,
                    HardwareId = question.HardwareId,
                    ClientName = question.ClientName,
                    HostId = question.Host.HostId,
                    Version = cal.Data.Version,
                    NotBefore = cal.NotBefore,
                    NotAfter = cal.NotAfter,
                    ToBeSigned = presented.ToBeSigned,
                });
                return device;
            }

            batch.Add("license-adopted", NewLicense(device, cal.Data.Version, presented.Serial, cal.NotBefore, cal.NotAfter, presented.ToBeSigned, cal.Data.PackId, null));
            batch.Pack(cal.Data.PackId)?.AdoptSeat();
            return device;
        }
    }

    // A permanent one before a validated temporary one before an unvalidated one; among those the one that the client has.
    private Cal? HeldBy(LedgerBatch batch, Guid device)
        => batch.Rows.OfDevice(device)
            .Where(cal => cal is Temporary or License { Status: LicenseStatus.Live })
            .OrderByDescending(cal => cal is License { Kind: LicenseKind.Permanent } ? 2 : cal is License ? 1 : 0)
            .ThenByDescending(IsPresented)
            .ThenByDescending(cal => cal.NotAfter)
            .FirstOrDefault();

    private Decision Decide(LedgerBatch batch, JoinedHost host, Guid device, Cal? held)
    {
        // Revoked means refused to the CAL's own end; after it the device is a new one.
        var newest = batch.Rows.OfDevice(device).OfType<License>().Where(license => !license.Merged).OrderByDescending(license => license.NotBefore).ThenByDescending(license => license.Id).FirstOrDefault();
        if (held is null && newest is { Status: LicenseStatus.Revoked })
            return newest.IsRevoked(batch.Now)
                ? new Decision.Refused(RefusalReason.Revoked, $"The device's CAL {newest.Serial} was revoked on {newest.RevokedAt:yyyy-MM-dd}; it would have ended on {newest.NotAfter:yyyy-MM-dd}.")
                : IssuancePolicy.Decide(DeviceStanding.New, [], host.Version, batch.Now, question.PermanentDays);
        if (OtherType.RefusesDevice(batch, held, host.Version) is { } otherType)
            return otherType;
        var over = batch.Rows.OfDevice(device).OfType<License>().Where(license => license.Merged || license.Status is LicenseStatus.Expired or LicenseStatus.Replaced)
            .OrderByDescending(license => license.Status != LicenseStatus.Replaced).ThenByDescending(EndOf).FirstOrDefault();
        var standing = new DeviceStanding(
            held is null ? null : new(KindOf(held), held.Version, (held as License)?.PackId, held.NotAfter),
            over is null ? null : (EndOf(over), over.Kind == LicenseKind.Temporary));
        var seats = IssuancePolicy.NeedsSeats(standing, host.Version, batch.Now)
            ? batch.DevicePacks().Select(pack => new PackSeats(
                pack.PackId, pack.Version, pack.Installed(batch.Now), pack.Free(batch.Now), pack.InstalledAt, pack.ExpiresAt)).ToList()
            : [];
        var decision = IssuancePolicy.Decide(standing, seats, host.Version, batch.Now, question.PermanentDays, batch.PolicyInForce.PreventLicenseUpgrade);
        if (decision is not Decision.Keep && batch.Recovery is { } recovery)
            decision = IssuancePolicy.WhileRecovering(decision, standing, host.Version, recovery.Until);
        if (!host.HasQuota(batch.Now))
            decision = IssuancePolicy.WithoutQuota(decision, standing, host.Version, host.QuotaPerHour);
        return question.Pass == AskingPass.Permanent ? IssuancePolicy.InFirstPass(decision, standing, seats, host.Version) : decision;
    }

    // One that was split off without its CAL had it until the merge.
    private static DateTimeOffset EndOf(License over) => over.Merged ? over.RevokedAt!.Value : over.NotAfter;

    private static HeldKind KindOf(Cal cal) => cal switch
    {
        License { Kind: LicenseKind.Permanent } => HeldKind.Permanent,
        License => HeldKind.Temporary,
        _ => HeldKind.Unvalidated,
    };

    private DeviceCalOutcome Carry(LedgerBatch batch, JoinedHost host, Guid device, Cal? held, Decision decision)
    {
        switch (decision)
        {
            case Decision.Keep when held!.HardwareId.AsSpan().SequenceEqual(question.HardwareId):
                return IsLeft(held) ? new(held, IsPresented(held), null, null)
                    : new(held is License { Kind: LicenseKind.Permanent } old ? Follow(batch, old) : GrantTemporary(batch, host, device, held, held.Version, held.NotAfter), false, null, null);

            // The device was merged and comes with its other hardware id: a CAL names one.
            case Decision.Keep:
                return new(held is License { Kind: LicenseKind.Permanent } permanent ? Reissue(batch, permanent) : GrantTemporary(batch, host, device, held, held.Version, held.NotAfter), false, null, null);

            case Decision.GrantTemporary(var version, var until):
                return new(GrantTemporary(batch, host, device, held, version, until), false, null, null);

            case Decision.GrantPermanent(var packId, var version, var until, var renewal):
                return new(GrantPermanent(batch, host, device, held, packId, version, until, renewal), false, null, null);

            case Decision.Refused(var reason, var detail):
                return new(null, false, reason, detail);

            default:
                throw new InvalidOperationException($"a decision of type {decision.GetType().Name} is not known");
        }
    }

    private Cal GrantTemporary(LedgerBatch batch, JoinedHost host, Guid device, Cal? held, CalVersion version, DateTimeOffset until)
    {
        var serial = CalSerial.Draw(batch.Now);
        var notAfter = Earlier(until, _own.Templates.Until);
        var temporary = new Temporary
        {
            Serial = serial,
            DeviceId = device,
            DeviceKey = question.DeviceKey,
            HardwareId = question.HardwareId,
            ClientName = question.ClientName,
            HostId = host.HostId,
            Version = version,
            NotBefore = batch.Now,
            NotAfter = notAfter,
            ToBeSigned = _own.Templates.Make(version, null, question.HardwareId, serial, batch.Now, notAfter),
        };
        switch (held)
        {
            // One of another version takes the place of a validated one and is validated, too: the logon was the device's.
            case License replaced:
                batch.Replace(replaced);
                var validated = temporary.Validate(replaced.Account);
                batch.Add("license-validated", validated);
                return validated;
            case Temporary replaced:
                batch.Remove(replaced);
                break;
        }

        batch.Add(temporary);
        return temporary;
    }

    private License GrantPermanent(LedgerBatch batch, JoinedHost host, Guid device, Cal? held, Guid packId, CalVersion version, DateTimeOffset until, bool renewal)
    {
        var account = (held as License)?.Account
            ?? batch.Rows.OfDevice(device).OfType<License>().OrderByDescending(license => license.NotAfter).FirstOrDefault(license => license.Account is not null)?.Account;
        if (held is License replaced)
            batch.Replace(replaced);
        var pack = batch.Pack(packId) ?? throw new InvalidOperationException($"the decision names pack {packId}, which is not there");
        if (renewal)
        {
            pack.AdoptSeat();
        }
        else
        {
            pack.TakeSeat(batch.Now);
            host.Take(batch.Now);
        }

        var serial = CalSerial.Draw(batch.Now);
        var notAfter = Earlier(until, _own.Templates.Until);
        var license = NewLicense(device, version, serial, batch.Now, notAfter, _own.Templates.Make(version, packId, question.HardwareId, serial, batch.Now, notAfter), packId, account);
        batch.Add(renewal ? "license-renewed" : "license-issued", license);
        return license;
    }

    // Made by a key that was followed it stays with the device that has it to its end, if nobody else can have made it.
    private bool IsLeft(Cal held) => _own.Templates.IsMadeBy(held) || (IsPresented(held) && !_own.Templates.FollowStolenKey);

    // The same seat and the same end, under the key that is in use now.
    private License Follow(LedgerBatch batch, License held)
    {
        batch.Replace(held);
        batch.Pack(held.PackId)?.AdoptSeat();
        var serial = CalSerial.Draw(batch.Now);
        var notAfter = Earlier(held.NotAfter, _own.Templates.Until);
        var packId = held.PackId!.Value;
        var license = NewLicense(
            held.DeviceId, held.Version, serial, batch.Now, notAfter, _own.Templates.Make(held.Version, packId, question.HardwareId, serial, batch.Now, notAfter), packId, held.Account);
        batch.Add("license-followed", license);
        return license;
    }

    // The same seat and the same end. The one for the other hardware id is void, so that two machines do not go on with one seat.
    private License Reissue(LedgerBatch batch, License held)
    {
        batch.RevokeAsMerged(held, "made anew for another hardware id of the merged device", outsideLimit: true);
        batch.Pack(held.PackId)?.AdoptSeat();
        var serial = CalSerial.Draw(batch.Now);
        var packId = held.PackId!.Value;
        var license = NewLicense(
            held.DeviceId, held.Version, serial, batch.Now, held.NotAfter, _own.Templates.Make(held.Version, packId, question.HardwareId, serial, batch.Now, held.NotAfter), packId, held.Account);
        batch.Add("license-reissued", license);
        return license;
    }

    private License NewLicense(
        Guid device, CalVersion version, CalSerial serial, DateTimeOffset notBefore, DateTimeOffset notAfter, byte[] toBeSigned, Guid packId, string? account) => new()
        {
            Serial = serial,
            DeviceId = device,
            DeviceKey = question.DeviceKey,
            HardwareId = question.HardwareId,
            ClientName = question.ClientName,
            HostId = question.Host.HostId,
            Version = version,
            NotBefore = notBefore,
            NotAfter = notAfter,
            ToBeSigned = toBeSigned,
            Kind = LicenseKind.Permanent,
            PackId = packId,
            Account = account,
        };

    private bool IsPresented(Cal cal) => question.Presented is { } presented && cal.ToBeSigned.AsSpan().SequenceEqual(presented.ToBeSigned);

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;
}

/// <summary>The rule of request ids.</summary>
internal static class RequestIds
{
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <exception cref="ProblemException">The id was used for something else.</exception>
    public static void MustBeTheSame(AnsweredRequest before, HostIdentity host, byte[] bodyHash)
    {
        if (before.HostId != host.HostId || !before.BodyHash.AsSpan().SequenceEqual(bodyHash))
            throw new ProblemException(LicensingProblem.RequestIdReused, $"the request id {before.RequestId} was used for another request at {before.At:u}; choose a new one", "requestId");
    }
}
