using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;

namespace Ostiary.SessionHost.Administration;

/// <summary>What administrators see and do with the grace period and the clock.</summary>
internal sealed class GraceAdministration(GracePeriod grace, HostClock clock, Servers servers, TimeProvider time)
{
    public GraceStatus Show()
    {
        var (state, record) = (grace.State, grace.Record);
        return new(
            KebabCase.Of(GraceStandings.Of(state)), record?.StartedAt, record?.Until, state is GraceState.Ended { Early: true },
            (state as GraceState.Running)?.DaysLeft, grace.MachineId, record?.ExtensionDays ?? 0, record?.Extensions ?? [], grace.Source, grace.Lost);
    }

    /// <summary>Verifies an extension against the root of the license servers that this host joined, and applies it once.</summary>
    /// <exception cref="ProblemException">It does not verify, is for another machine, or was applied before.</exception>
    public async Task<GraceStatus> InstallAsync(string? text, CancellationToken cancellation)
    {
        if (text is null || text.Length is 0 or > GraceExtensionFile.MaxLength)
            throw new ProblemException(LicensingProblem.InvalidField, $"extension is the text of the file, 1 to {GraceExtensionFile.MaxLength} characters", "extension");
        var known = servers.Links.Select(link => link.Trust).OfType<Contracts.Trust.PublisherTrust>().ToList();
        if (known.Count == 0)
            throw new ProblemException(
                LicensingProblem.RuleForbids, "this host knows no published root: join a license server that is activated (ostiary hosts join INVITATION) before installing an extension", "extension");
        GraceExtensionStatement? extension = null;
        if (!known.Any(trust => GraceExtensionFile.TryVerify(text, trust, clock.Now, out extension)))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the extension is not signed by an issuing key under the published root of a license server that this host joined", "extension");
        await grace.ExtendAsync(extension!, cancellation).ConfigureAwait(false);
        return Show();
    }

    public ClockStatus ShowClock() => new(time.GetUtcNow(), clock.Now, clock.Unconfirmed is null);

    public ClockStatus ConfirmClock()
    {
        clock.ConfirmByAdministrator();
        return ShowClock();
    }
}
