using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Clock;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Time;

/// <summary>Asks the clearinghouse what time it is when the machine's clock has leapt, until it has said so or an administrator has.</summary>
internal sealed class ClearinghouseTime(Ledger ledger, ClearinghouseConnection clearinghouse, ILogger<ClearinghouseTime> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private string? _said;

    /// <summary>Returns at once unless the clock has leapt and there is a clearinghouse. Does not fail: what keeps the clock unconfirmed is logged.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        if (clearinghouse.Address is null || ledger.Clock.Unconfirmed is not { } machine)
        {
            _said = null;
            return;
        }

        try
        {
            await ConfirmAsync(machine, await AskAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            Say(problem.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, ledger.Clock);
        do
            await SettleAsync(stoppingToken).ConfigureAwait(false);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    // Signed by an issuing key that leads to the root at the time that it tells.
    private async Task<DateTimeOffset> AskAsync(CancellationToken cancellation)
    {
        var nonce = RandomNumberGenerator.GetBytes(SignedTimeStatement.NonceLength);
        var answer = await clearinghouse.Client.TimeAsync(new(nonce), cancellation).ConfigureAwait(false);
        try
        {
            using var issuing = X509Certificate2.CreateFromPem(answer.IssuingCertificate ?? "");
            using var key = issuing.GetECDsaPublicKey();
            if (key is not null && Statement.TryVerify(answer.Statement ?? [], key, out var payload)
                && SignedTimeStatement.Decode(payload) is var told && told.Nonce.AsSpan().SequenceEqual(nonce)
                && clearinghouse.Trust.IsIssuing(issuing, told.Now))
                return told.Now;
        }
        catch (Exception malformed) when (malformed is CryptographicException or CborContentException)
        {
            throw new ProblemException(LicensingProblem.SignatureInvalid, $"the clearinghouse's time cannot be read: {malformed.Message}");
        }

        throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's time is not signed by an issuing key that leads to the published root, or answers another question");
    }

    // A machine's clock that is wrong stays unconfirmed: the clearinghouse's time counts, and goes on by the machine's.
    private async Task ConfirmAsync(DateTimeOffset machine, DateTimeOffset told, CancellationToken cancellation)
    {
        var agrees = (machine - told).Duration() <= SteadyClock.Leap;
        if (agrees || (ledger.Clock.GetUtcNow() - told).Duration() > SteadyClock.Leap)
            await ledger.WorkAsync(
                batch =>
                {
                    batch.Add(new ClockConfirmation { At = batch.Now, Machine = machine });
                    return true;
                },
                cancellation).ConfigureAwait(false);
        ledger.Clock.Confirm(told);
        if (agrees)
            Log.ClockConfirmed(logger, machine);
        else
            Say($"it is {told:u} at the clearinghouse");
    }

    private void Say(string why)
    {
        if (_said == why)
            return;
        _said = why;
        Log.ClockNotConfirmed(logger, why);
    }
}
