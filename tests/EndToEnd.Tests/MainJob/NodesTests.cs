using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;
using Ostiary.Roles.Tests.Postgres;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>Two nodes of one license server, as processes, on one PostgreSQL database that flushes as in production; one is killed in the middle.</summary>
[Collection(RealPeers.Alone)]
[Trait("Kind", "long")]
public sealed class NodesTests : IAsyncLifetime
{
    private readonly ScratchFolder _folder = new();
    private readonly PostgresCluster _cluster = new(durable: true);
    private readonly int[] _ports = [FreePort(), FreePort()];
    private string _database = "";
    private RoleProcess _first = null!;
    private RoleProcess _second = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = _cluster.NewEmpty();
        _first = Node(0);
        _second = Node(1);
        await _first.StartAsync(Cancellation);
        // The second node is one by the first one's key.
        File.Copy(Path.Combine(StateOf(0), "license-server", "license-server.key"), Path.Combine(Directory.CreateDirectory(Path.Combine(StateOf(1), "license-server")).FullName, "license-server.key"));
        await _second.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        _cluster.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("after-insert", false)]
    [InlineData("after-commit", true)]
    [InlineData("after-sign", true)]
    [InlineData("before-answer", true)]
    public async Task A_node_is_killed_in_the_middle_and_the_other_goes_on_with_what_was_committed(string point, bool isCommitted)
    {
        using var atSecond = Administration(1);
        var invited = await new LicenseServerAdministrationClient(atSecond).InviteAsync(new(new(2022), LicensingMode.PerDevice, 24), Cancellation);
        using var second = await ScriptedHost.JoinAsync(invited.Invitation, Cancellation);
        using var first = second.At(new($"https://127.0.0.1:{_ports[0]}"));
        await _first.KillAsync(Cancellation);
        await _first.StartAsync(Cancellation, ("OSTIARY_CRASH_AT", point));
        var before = (await new LicenseServerAdministrationClient(atSecond).StatusAsync(Cancellation)).LedgerNumber;
        var request = new DeviceCalRequest(Guid.NewGuid(), new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)), "PC-1", "alice", "192.0.2.1"), null);

        // The node dies over it; what it had committed, and only that, is there.
        using (var asking = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            var asked = first.RequestAsync(request, asking.Token);
            await _first.WaitForExitAsync(TimeSpan.FromSeconds(30), Cancellation);
            await asking.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        }

        Assert.Equal(isCommitted ? 1 : 0, Temporaries());
        var answer = await second.RequestAsync(request, Cancellation);
        Assert.Equal(1, Temporaries());

        // It comes back, and answers the same.
        await _first.StartAsync(Cancellation);
        var again = await first.RequestAsync(request, Cancellation);
        Assert.Equal(answer.Granted!.Serial, again.Granted!.Serial);
        Assert.Equal(ToBeSigned(answer), ToBeSigned(again));
        Assert.Equal(before, (await new LicenseServerAdministrationClient(atSecond).StatusAsync(Cancellation)).LedgerNumber);
        Assert.True((await new LicenseServerAdministrationClient(atSecond).VerifyAuditAsync(Cancellation)).Sound);
    }

    private static string ToBeSigned(DeviceCalAnswer answer)
    {
        using var leaf = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(answer.Granted!.Stored!));
        return Convert.ToHexString(CertificateFields.Split(leaf.RawData).ToBeSigned.Span);
    }

    private long Temporaries()
    {
        using var connection = new Npgsql.NpgsqlConnection($"{_database};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM temporaries";
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private RoleProcess Node(int number) => new(
        "license-server", StateOf(number), "admin.sock", new Dictionary<string, string?>(), [$"LicenseServer:Database={_database}", $"LicenseServer:Listen=127.0.0.1:{_ports[number]}"]);

    private string StateOf(int number) => _folder[$"node-{number}"];

    private HttpClient Administration(int number) => ApiClient.OverUnixSocket(Path.Combine(StateOf(number), "license-server", "admin.sock"), TimeSpan.FromSeconds(30));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
