using Microsoft.Extensions.Logging;
using Ostiary.Protocol.Pdus;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Rules;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Logon;

/// <summary>Records a refused logon, and says it at the RDP client where the kernel has shown which connection it belongs to.</summary>
internal sealed class LogonRefusals(PolicyInForce policy, Store store, GatewayMetrics metrics, TimeProvider time, ILogger<LogonRefusals> logger)
{
    private const string UnknownAddress = "-";

    /// <summary>True when the person is refused; false in observe mode, where it is only recorded.</summary>
    /// <param name="refusal">Why.</param>
    /// <param name="account">The name that NSS returned; null where nobody has logged on.</param>
    /// <param name="session">The connection that the kernel ties to it; null where there is any doubt. It is ended.</param>
    public async ValueTask<bool> RefuseAsync(Refusal refusal, string? account, LiveSession? session)
    {
        if (policy.Observe)
        {
            await RecordAsync(refusal, account, session, observed: true).ConfigureAwait(false);
            return false;
        }

        Log.LogonRefused(logger, refusal.Reason, refusal.Row);
        metrics.ConnectionRefused(refusal.Reason);
        session?.End(SessionEndReason.Refused, refusal.Reason == LogonRefusal.NoneConfigured.Reason ? ErrorInfoCode.NoLicenseServer : ErrorInfoCode.NoLicense);
        await RecordAsync(refusal, account, session, observed: false).ConfigureAwait(false);
        return true;
    }

    private ValueTask RecordAsync(Refusal refusal, string? account, LiveSession? session, bool observed)
    {
        var row = new RefusalRow
        {
            At = time.GetUtcNow(),
            Reason = refusal.Reason,
            Rule = refusal.Row,
            Device = session?.Device,
            UserName = account,
            Address = session?.Address.ToString() ?? UnknownAddress,
            Detail = refusal.Detail,
            Fix = refusal.Fix,
            Observed = observed,
        };
        return store.KeepAsync(db =>
        {
            db.Refusals.Add(row);
            return Task.CompletedTask;
        });
    }
}
