using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Grace;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Hosts;

/// <summary><c>POST /v1/hosts/join</c> and <c>POST /v1/hosts/renew</c>: a session host gets its certificate, for 30 days.</summary>
internal static class HostMembership
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/hosts/join", Join).AtHosts(Credential.OwnKey);
        routes.MapPost("/v1/hosts/renew", Renew).AtHosts(Credential.PastMembership);
    }

    private static async Task Join(HttpContext context)
    {
        var key = HostCredential.RequireKey(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.JoinRequest).ConfigureAwait(false);
        var token = Json.Text(request.Token, "token", 64);
        var name = Json.Text(request.Name, "name", 255);
        var machineId = Json.Text(request.MachineId, "machineId", 32);
        if (machineId.Length != 32 || !machineId.All(char.IsAsciiHexDigit))
            throw new ProblemException(LicensingProblem.InvalidField, "machineId has 32 hexadecimal digits", "machineId");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var ((joined, grace), _) = await ledger.WorkAsync(
            batch => (Join(batch, ledger.Identity, key, Invitations.HashOf(token), machineId.ToLowerInvariant(), name), KeepGrace.Find(batch, machineId.ToLowerInvariant())), context.RequestAborted).ConfigureAwait(false);
        Log.HostJoined(context.RequestServices.GetRequiredService<ILogger<Ledger>>(), joined.HostId);
        await AnswerAsync(context, ledger, joined, grace).ConfigureAwait(false);
    }

    private static JoinedHost Join(LedgerBatch batch, LicenseServerIdentity identity, byte[] key, byte[] tokenHash, string machineId, string name)
    {
        var invitation = batch.Db.Invitations.AsTracking().SingleOrDefault(row => row.TokenHash == tokenHash)
            ?? batch.Db.Invitations.Local.SingleOrDefault(row => row.TokenHash.AsSpan().SequenceEqual(tokenHash));
        if (invitation is null || invitation.ExpiresAt < batch.Now)
            throw Invalid();
        if (invitation.HostId is { } usedBy)
        {
            // The answer was lost and the host asks again: the same token, key and machine.
            var before = batch.Db.Hosts.AsTracking().SingleOrDefault(row => row.HostId == usedBy) ?? batch.Db.Hosts.Local.SingleOrDefault(row => row.HostId == usedBy);
            return before is { RemovedAt: null } && before.PublicKey.AsSpan().SequenceEqual(key) && before.MachineId == machineId ? before : throw Invalid();
        }

        var host = new JoinedHost
        {
            HostId = Guid.NewGuid(),
            Name = name,
            MachineId = machineId,
            PublicKey = key,
            Version = invitation.Version,
            Mode = invitation.Mode,
            JoinedAt = batch.Now,
            Allowed = !batch.PolicyInForce.SecurityGroup,
        };
        Certify(batch, identity, host, "host-joined");
        invitation.UseFor(host);
        batch.Db.Add(host);
        return host;

        static ProblemException Invalid() => new(LicensingProblem.InvitationInvalid, "the invitation is unknown, used up or over; ask for a new one (ostiary hosts invite)", "token");
    }

    private static async Task Renew(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var ((renewed, grace), _) = await ledger.WorkAsync(
            HostCredential.RequirePastMembership(context),
            (batch, host) =>
            {
                Certify(batch, ledger.Identity, host, "host-renewed");
                return (host, KeepGrace.Find(batch, host.MachineId));
            },
            context.RequestAborted).ConfigureAwait(false);
        await AnswerAsync(context, ledger, renewed, grace).ConfigureAwait(false);
    }

    private static void Certify(LedgerBatch batch, LicenseServerIdentity identity, JoinedHost host, string kind)
    {
        var fields = CertificateProfiles.SessionHost(
            identity.Current.Certificate, host.PublicKey, new(host.HostId, host.Version, host.Mode), CalSerial.Draw(batch.Now).ToBytes(), batch.Now, batch.Now + Life);
        host.Certify(fields.ToBeSigned(), fields.NotAfter);
        batch.Audit(kind, CanonicalContent.Hosts, host.HostId.ToString(), number =>
        {
            host.LedgerNumber = number;
            return CanonicalContent.Of(host);
        });
    }

    private static Task AnswerAsync(HttpContext context, Ledger ledger, JoinedHost host, GraceCopy? grace)
    {
        var identity = ledger.Identity;
        var own = identity.Current;
        var certificate = CertificateFields.Assemble(host.CertificateToBeSigned, identity.Key.SignCertificate(host.CertificateToBeSigned));
        var chain = System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", certificate) + "\n" + CertificateChain.ToPem(own.Chain);
        return Json.WriteAsync(context, new Membership(host.HostId, chain, own.Root?.ExportCertificatePem(), host.Version, host.Mode, KeepGrace.Signed(ledger, grace)), ContractsJson.Default.Membership);
    }
}
