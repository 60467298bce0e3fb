using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>A checked request for a User CAL.</summary>
/// <param name="Host">Who asks.</param>
/// <param name="RequestId">Chosen by the host.</param>
/// <param name="BodyHash">SHA-256 over all that was asked.</param>
/// <param name="User">Who logs on.</param>
/// <param name="Pass">What may be granted.</param>
/// <param name="Lease">A lease for this person and host with the license server's own signature; null where none was shown.</param>
internal sealed record UserCalQuestion(HostIdentity Host, Guid RequestId, byte[] BodyHash, UserClaim User, AskingPass Pass, UserLeaseStatement? Lease)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(UserCalQuestion);
}

/// <summary>What was committed, as it was then; the lease is not signed yet.</summary>
/// <param name="Serial">The CAL; null for a refusal.</param>
/// <param name="Version">Its version.</param>
/// <param name="AssignedAt">When the person first had it.</param>
/// <param name="ExpiresAt">Its last second.</param>
/// <param name="OverUsed">It takes no seat.</param>
/// <param name="LeaseUntil">The last second of a lease, as far as the CAL goes.</param>
/// <param name="Reason">Why there is none.</param>
/// <param name="Detail">One sentence with the numbers that decided.</param>
internal sealed record UserCalOutcome(
    CalSerial? Serial, CalVersion Version, DateTimeOffset AssignedAt, DateTimeOffset ExpiresAt, bool OverUsed, DateTimeOffset LeaseUntil, RefusalReason? Reason, string? Detail);

/// <summary>
/// Finds the person, decides, and writes: 1. a request id that was answered is answered the same; 2. the person's live CAL; 3. what is over expires;
/// 4. the rule; 5. the row; 6. the request id.
/// </summary>
internal sealed class UserCalCommand(UserCalQuestion question, LicenseServerIdentity identity) : LedgerCommand<UserCalOutcome>
{
    private static readonly TimeSpan LeastGain = TimeSpan.FromDays(1);

    public override void Collect(Needs needs)
    {
        needs.Hosts.Add(question.Host.HostId);
        needs.Requests.Add(question.RequestId);
        // Which of the two it is, the host's row says, which is loaded with them.
        needs.Persons.Add(PersonKey.Of(question.User, null));
        needs.Persons.Add(PersonKey.Of(question.User, question.Host.HostId));
    }

    protected override UserCalOutcome Execute(LedgerBatch batch)
    {
        var host = batch.Host(question.Host);
        if (Repeated(batch) is { } same)
            return same;
        if (!host.Allowed)
            return Refusal(RefusalReason.HostNotAllowed, HostStanding.NotAllowed);
        // As it is when the transaction has its turn: another node may have changed it since the request came.
        if (identity.Current.WhyIssuesNothing is { } whyNothing)
            return Refusal(whyNothing.Reason, whyNothing.Text);
        var accountHost = host.SeparateAccounts && question.User.StableId is null ? host.HostId : (Guid?)null;
        var person = PersonKey.Of(question.User, accountHost);
        var held = batch.Rows.OfPerson(person);
        if (held is not null && held.IsOver(batch.Now))
        {
            batch.End("user-cal-expired", held, UserCalState.Expired);
            held = null;
        }

        held ??= Adopt(batch, person, accountHost);
        // What is free in a ledger that does not know all that it has given may be somebody's: newcomers get CALs beyond the packs until that is over.
        var recovery = held is { PackId: not null } ? null : batch.Recovery;
        var packs = batch.UserPacks().Select(pack => new PackSeats(
            pack.PackId, pack.Version, pack.Installed(batch.Now), recovery is null ? pack.Free(batch.Now) : 0, pack.InstalledAt, pack.ExpiresAt)).ToList();
        var terms = new UserTerms(
            identity.Current.IsActivated, batch.PolicyInForce.UserOverUse, batch.PolicyInForce.PreventLicenseUpgrade, OverUseUntil(batch),
            !batch.HasInstalled(CalType.User) && batch.HasInstalled(CalType.Device), question.Pass);
        var decision = UserPolicy.Decide(
            held is null ? null : new(held.Version, held.PackId, held.ExpiresAt), packs, host.Version, batch.Now, terms);
        if (held is null && decision is not UserDecision.Refused && !host.HasQuota(batch.Now))
            decision = new UserDecision.Refused(RefusalReason.QuotaExceeded, $"The session host has taken {host.QuotaPerHour} new CALs within an hour, which is all that it may.");
        var refused = decision as UserDecision.Refused;
        if (held is null && refused is null)
            host.Take(batch.Now);
        var cal = refused is null ? Carry(batch, decision, held, person, accountHost) : null;
        batch.Answer(new()
        {
            RequestId = question.RequestId,
            HostId = host.HostId,
            BodyHash = question.BodyHash,
            Answer = cal is null ? AnswerKind.Refused : AnswerKind.UserGranted,
            Serial = cal?.Serial,
            Reason = refused?.Reason,
            Detail = refused?.Detail,
            At = batch.Now,
        });
        return cal is null ? Refusal(refused!.Reason, refused.Detail) : Outcome(batch, cal);
    }

    // Break-glass, or a recovery: the later of the two.
    private static DateTimeOffset? OverUseUntil(LedgerBatch batch)
        => batch.Recovery?.Until is { } recovering && !(batch.BreakGlassUntil > recovering) ? recovering : batch.BreakGlassUntil;

    // The ledger is older than the CAL. The lease's own word is enough: we signed it. The seat is one of its version's, also beyond the packs.
    private UserCal? Adopt(LedgerBatch batch, PersonKey person, Guid? accountHost)
    {
        if (question.Lease is not { } lease || lease.ExpiresAt < batch.Now || !CalSerial.TryParse(lease.Serial, out var serial) || batch.KnowsUserCal(serial))
            return null;
        var pack = batch.UserPacks().Where(pack => pack.Version == lease.Version).OrderByDescending(pack => pack.Quantity - pack.Issued).FirstOrDefault();
        pack?.AdoptSeat();
        var cal = new UserCal
        {
            Serial = serial,
            PersonKey = person,
            Name = question.User.Name,
            Realm = question.User.Realm.ToLowerInvariant(),
            StableId = question.User.StableId,
            AccountHostId = accountHost,
            HostId = question.Host.HostId,
            Version = lease.Version,
            PackId = pack?.PackId,
            AssignedAt = lease.IssuedAt,
            LastLogonAt = batch.Now,
            ExpiresAt = lease.ExpiresAt,
        };
        batch.Add("user-cal-adopted", cal);
        return cal;
    }

    private UserCalOutcome? Repeated(LedgerBatch batch)
    {
        if (batch.Rows.Request(question.RequestId) is not { } before)
            return null;
        RequestIds.MustBeTheSame(before, question.Host, question.BodyHash);
        if (before.Answer == AnswerKind.Refused)
        {
            batch.Touch(before, null);
            return Refusal(before.Reason, before.Detail);
        }

        // Released or over since: the question is a new one.
        if (before.Serial is not { } serial || batch.Rows.UserCal(serial) is not { State: UserCalState.Live } cal || cal.IsOver(batch.Now))
            return null;
        batch.Confirm(before, cal);
        return Outcome(batch, cal);
    }

    private UserCal Carry(LedgerBatch batch, UserDecision decision, UserCal? held, PersonKey person, Guid? accountHost)
    {
        switch (decision)
        {
            case UserDecision.Hold(var until):
                return Hold(batch, held!, until);
            case UserDecision.Seat(var packId, var version, var until):
                var pack = batch.Pack(packId) ?? throw new InvalidOperationException($"the decision names pack {packId}, which is not there");
                pack.TakeSeat(batch.Now);
                return Move(batch, held, person, accountHost, packId, version, until);
            case UserDecision.OverUse(var version, var until):
                return Move(batch, held, person, accountHost, null, version, until);
            default:
                throw new InvalidOperationException($"a decision of type {decision.GetType().Name} is not known");
        }
    }

    // Most logons come here, several a day: a row is written when the end moves by a day, or the name is another.
    private UserCal Hold(LedgerBatch batch, UserCal held, DateTimeOffset until)
    {
        var renamed = held.Name != question.User.Name;
        if (!renamed && until - held.ExpiresAt < LeastGain)
            return held;
        if (until - held.ExpiresAt >= LeastGain)
            (held.ExpiresAt, held.LastLogonAt) = (until, batch.Now);
        held.Name = question.User.Name;
        batch.Record(renamed ? "user-cal-renamed" : "user-cal-extended", held);
        return held;
    }

    private UserCal Move(LedgerBatch batch, UserCal? held, PersonKey person, Guid? accountHost, Guid? packId, CalVersion version, DateTimeOffset until)
    {
        if (held is null)
        {
            var cal = new UserCal
            {
                Serial = CalSerial.Draw(batch.Now),
                PersonKey = person,
                Name = question.User.Name,
                Realm = question.User.Realm.ToLowerInvariant(),
                StableId = question.User.StableId,
                AccountHostId = accountHost,
                HostId = question.Host.HostId,
                Version = version,
                PackId = packId,
                AssignedAt = batch.Now,
                LastLogonAt = batch.Now,
                ExpiresAt = until,
            };
            batch.Add(packId is null ? "user-cal-over-used" : "user-cal-issued", cal);
            return cal;
        }

        batch.Pack(held.PackId)?.ReturnSeat();
        (held.PackId, held.Version, held.LastLogonAt, held.ExpiresAt, held.Name) = (packId, version, batch.Now, until, question.User.Name);
        batch.Record(packId is null ? "user-cal-over-used" : "user-cal-moved", held);
        return held;
    }

    private static UserCalOutcome Outcome(LedgerBatch batch, UserCal cal)
    {
        var lease = cal.ExpiresAt;
        if (cal.OverUsed && UserPolicy.OverUseEnd(batch.Now, batch.PolicyInForce.UserOverUse, OverUseUntil(batch)) is var end && (end ?? batch.Now) < lease)
            lease = end ?? batch.Now;
        return new(cal.Serial, cal.Version, cal.AssignedAt, cal.ExpiresAt, cal.OverUsed, lease, null, null);
    }

    private static UserCalOutcome Refusal(RefusalReason? reason, string? detail) => new(null, default, default, default, false, default, reason, detail);
}
