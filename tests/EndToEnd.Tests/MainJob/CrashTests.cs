using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>
/// License server and session host are killed again and again while clients want CALs. The test keeps every license that a client was
/// given, and compares with the ledger at the end.
/// </summary>
[Collection(RealPeers.Alone)]
[Trait("Kind", "long")]
public sealed class CrashTests
{
    private const int Kills = 100;
    private const int Clients = 16;
    private const int Devices = 40;
    private const int Seats = 10;

    // Between two connections of a client: without it the clients leave the killed no processor to start on.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly string[] Points = ["after-insert", "after-commit", "after-sign", "before-answer"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Through_100_kills_no_seat_is_given_twice_no_license_is_lost_and_the_audit_chain_holds()
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = Seats, WithoutXrdp = true }, Cancellation);
        await using var xrdp = FakeXrdp.InClear(deployment.BackEndSocket);
        using var validator = await ScriptedHost.JoinAsync((await deployment.CommandAsync<InviteResponse>(Cancellation, "hosts", "invite")).Invitation, Cancellation);
        var given = new ConcurrentDictionary<string, (string Device, bool Temporary, DateTimeOffset ExpiresAt)>();
        var held = new byte[Devices][];

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested)
                    for (var device = client; device < Devices; device += Clients)
                    {
                        await ConnectAsync(deployment, validator, device, held, given);
                        await Task.Delay(Pause, Cancellation);
                    }
            },
            Cancellation)).ToList();
        var killing = KillAsync(deployment);
        // A client that fails says why at once: without clients no point would be reached any more.
        if (await Task.WhenAny([killing, .. clients]) is var ended && ended != killing)
            await ended;
        var kills = await killing;
        // The last kills are over: everybody has a quiet moment to come to rest.
        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);
        await enough.CancelAsync();
        await Task.WhenAll(clients);

        Assert.Equal(Kills, kills);
        var cals = (await deployment.CalsAsync(Cancellation)).ToDictionary(cal => cal.Serial);
        Assert.All(given, license =>
        {
            Assert.True(cals.TryGetValue(license.Key, out var cal), $"{license.Key} was given to {license.Value.Device}, and the ledger does not know it");
            Assert.Equal((license.Value.Device, license.Value.ExpiresAt), (cal.Device, cal.ExpiresAt));
        });
        var active = cals.Values.Where(cal => cal.Status == CalStatus.Active).ToList();
        Assert.Equal(Seats, active.Count);
        Assert.Equal(Seats, active.Select(cal => cal.Device).Distinct().Count());
        Assert.All(given.Where(license => !license.Value.Temporary), license => Assert.Equal(CalStatus.Active, cals[license.Key].Status));
        var audit = await deployment.CommandAsync<AuditVerification>(Cancellation, "audit", "verify");
        Assert.True(audit.Sound, string.Join('\n', audit.Faults));
    }

    private static async Task<int> KillAsync(Deployment deployment)
    {
        var kills = 0;
        for (var round = 0; kills < Kills; round++)
        {
            // In turn: the license server at each of its steps and at any moment, the session host at any moment.
            switch (round % (Points.Length + 2))
            {
                case < 4 and var point:
                    await deployment.LicenseServer.KillAsync(Cancellation);
                    kills++;
                    if (kills == Kills)
                        break;
                    await deployment.LicenseServer.StartAsync(Cancellation, ("OSTIARY_CRASH_AT", $"{Points[point]}:{1 + RandomNumberGenerator.GetInt32(4)}"));
                    await Eventually.TrueAsync(
                        () => !deployment.LicenseServer.Runs, TimeSpan.FromSeconds(30),
                        () => $"the license server was not killed {Points[point]} in round {round}; the session host said:\n{deployment.SessionHost.Output}", Cancellation);
                    kills++;
                    await deployment.LicenseServer.StartAsync(Cancellation);
                    break;
                case 4:
                    await Task.Delay(RandomNumberGenerator.GetInt32(300), Cancellation);
                    await deployment.LicenseServer.KillAsync(Cancellation);
                    kills++;
                    await deployment.LicenseServer.StartAsync(Cancellation);
                    break;
                default:
                    await Task.Delay(RandomNumberGenerator.GetInt32(300), Cancellation);
                    await deployment.SessionHost.KillAsync(Cancellation);
                    kills++;
                    await deployment.SessionHost.StartAsync(Cancellation);
                    break;
            }
        }

        if (!deployment.LicenseServer.Runs)
            await deployment.LicenseServer.StartAsync(Cancellation);
        return kills;
    }

    // One connection of one device, with what it holds; what it is given is kept, as a client does, and a logon follows.
    private static async Task ConnectAsync(
        Deployment deployment, ScriptedHost validator, int device, byte[][] held, ConcurrentDictionary<string, (string Device, bool Temporary, DateTimeOffset ExpiresAt)> given)
    {
        var options = new RdpClientOptions
        {
            Licensing = new() { MachineName = $"device-{device:00}", StoredLicense = held[device], Random = RandomNumberGenerator.GetBytes(80) },
        };
        byte[]? stored;
        try
        {
            await using var client = await RdpClient.RunAsync(new IPEndPoint(IPAddress.Loopback, deployment.Port), options, Cancellation);
            stored = client.StoredLicense;
        }
        catch (Exception killed) when (killed is IOException or SocketException or AuthenticationException)
        {
            await Task.Delay(50, Cancellation);
            return;
        }

        if (stored is null || stored == held[device])
            return;
        held[device] = stored;
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
        {
            given[cal.Serial] = (options.Licensing.MachineName, cal.Data.Temporary, cal.NotAfter);
            if (cal.Data.Temporary)
                await validator.ValidateAsync(cal.Serial, "alice", Cancellation);
        }
    }
}
