using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Devices;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>A checked report of a logon.</summary>
/// <param name="Host">Who reports.</param>
/// <param name="RequestId">Chosen by the host.</param>
/// <param name="BodyHash">SHA-256 over all that was reported.</param>
/// <param name="Serial">The temporary CAL.</param>
/// <param name="Account">Who logged on.</param>
internal sealed record LogonReport(HostIdentity Host, Guid RequestId, byte[] BodyHash, CalSerial Serial, string Account)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(LogonReport);
}

/// <summary>Somebody logged on: the temporary CAL is validated. The result is false when the ledger does not know the CAL.</summary>
internal sealed class ValidationCommand(LogonReport report) : LedgerCommand<bool>
{
    public override void Collect(Needs needs)
    {
        needs.Hosts.Add(report.Host.HostId);
        needs.Requests.Add(report.RequestId);
        needs.Serials.Add(report.Serial);
    }

    protected override bool Execute(LedgerBatch batch)
    {
        var host = batch.Host(report.Host);
        if (batch.Rows.Request(report.RequestId) is { } before)
        {
            RequestIds.MustBeTheSame(before, report.Host, report.BodyHash);
            batch.Touch(before, before.Serial is { } serial ? batch.Rows.BySerial(serial) : null);
            return before.Answer == AnswerKind.Validated;
        }

        var cal = Validate(batch);
        batch.Answer(new()
        {
            RequestId = report.RequestId,
            HostId = host.HostId,
            BodyHash = report.BodyHash,
            Answer = cal is null ? AnswerKind.NotValidated : AnswerKind.Validated,
            Serial = cal?.Serial,
            Reason = (RefusalReason?)null,
            Detail = null,
            At = batch.Now,
        });
        return cal is not null;
    }

    private License? Validate(LedgerBatch batch)
    {
        switch (batch.Rows.BySerial(report.Serial))
        {
            case Temporary temporary when !temporary.IsOver(batch.Now):
                var validated = temporary.Validate(report.Account);
                batch.Remove(temporary);
                batch.Add("license-validated", validated);
                DeviceFlagRules.Apply(batch, validated);
                return validated;

            // Validated before, perhaps replaced since: the logon is no news, except where it is another person's.
            case License license:
                if (license.Status == LicenseStatus.Live && license.Account != report.Account)
                {
                    license.Account = report.Account;
                    batch.Record("license-account", license);
                }

                return license;

            default:
                return null;
        }
    }
}
