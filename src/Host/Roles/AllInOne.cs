using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

namespace Ostiary.Host.Roles;

/// <summary>
/// All roles in one process, for evaluation and for a first look. The roles are those of production and speak as in production;
/// only the steps that people take between them are taken here, through the same doors, once. A step that was taken is not taken again,
/// and a start that was cut off goes on where it was.
/// </summary>
internal static class AllInOne
{
    private const string EvaluationProgram = "evaluation";
    private const int EvaluationQuantity = 5;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(Settings settings, CancellationToken stopping)
    {
        var root = Path.Combine(settings.State, "root");
        RootCeremony.Perform(root, Path.Combine(settings.State, "signer"), Path.Combine(settings.State, "clearinghouse"), "Evaluation", TimeProvider.System.GetUtcNow());
        settings = settings.WithDefaults(
            ("LicenseServer:Clearinghouse", "https://" + (settings["Clearinghouse:Listen"] ?? "127.0.0.1:7401")),
            ("LicenseServer:RootFile", Path.Combine(root, "root.pem")),
            ("LicenseServer:IssuingFile", Path.Combine(settings.State, "signer", "issuing.pem")));

        var running = new List<RoleHost>();
        try
        {
            foreach (var build in new Func<Settings, RoleHost>[] { RoleHost.Signer, RoleHost.Clearinghouse, RoleHost.LicenseServer, RoleHost.SessionHost })
            {
                running.Add(build(settings));
                await running[^1].StartAsync(stopping);
                if (build == RoleHost.LicenseServer && await ManagerCompanion.StartAsync(running[^1], settings, stopping) is { } manager)
                    running.Add(manager);
            }

            await SetUpAsync(settings.State, stopping);
            Console.WriteLine("Ostiary is ready.");
            await Signals.WaitAsync(stopping);
        }
        finally
        {
            await RoleHost.StopAsync(running);
        }
    }

    private static async Task SetUpAsync(string state, CancellationToken stopping)
    {
        using var clearinghouseDoor = Door(state, "clearinghouse");
        using var licenseServerDoor = Door(state, "license-server");
        using var sessionHostDoor = Door(state, "session-host");
        var clearinghouse = new ClearinghouseAdministrationClient(clearinghouseDoor);
        var licenseServer = new LicenseServerAdministrationClient(licenseServerDoor);
        var sessionHost = new SessionHostAdministrationClient(sessionHostDoor);

        if (!(await licenseServer.StatusAsync(stopping)).Activated)
        {
            var activated = await licenseServer.ActivateAsync(
                new(new CompanyInformation { FirstName = "Evaluation", LastName = "Evaluation", Company = "Evaluation", Country = "CA" }), stopping);
            Console.WriteLine($"License server {activated.LicenseServerId} is activated until {activated.CertificateUntil:yyyy-MM-dd}.");
        }

        if ((await licenseServer.PacksAsync(null, 1, stopping)).Items.Count == 0)
        {
            var pack = await licenseServer.InstallPackAsync(new(await EvaluationKeyAsync(clearinghouse, stopping)), stopping);
            Console.WriteLine($"Key pack {pack.PackId} is installed: {pack.Quantity} Ostiary {pack.Type} CALs, version {pack.Version}. Not a Microsoft license; does not license Windows.");
        }

        if ((await sessionHost.StatusAsync(stopping)).LicenseServers.Count == 0)
        {
            var invited = await licenseServer.InviteAsync(new(CalVersion.Newest, LicensingMode.PerDevice, 1), stopping);
            await sessionHost.JoinAsync(new(invited.Invitation), stopping);
            Console.WriteLine("The session host has joined the license server.");
        }
    }

    // A start that was cut off between minting and installing left a key; it is taken before another is made.
    private static async Task<string> EvaluationKeyAsync(ClearinghouseAdministrationClient clearinghouse, CancellationToken stopping)
    {
        var left = (await clearinghouse.ProductKeysAsync(null, 100, stopping)).Items.FirstOrDefault(key => key.Program == EvaluationProgram && key.RedeemedAt is null);
        var key = left is null
            ? (await clearinghouse.MintAsync(new(CalType.Device, CalVersion.Newest, EvaluationQuantity, 1, EvaluationProgram), stopping)).Keys[0]
            : await clearinghouse.FindProductKeyAsync(new(null, left.Id), stopping);
        return key.ProductKey ?? throw new InvalidOperationException("a key that was not redeemed has its text");
    }

    private static HttpClient Door(string state, string role) => ApiClient.OverUnixSocket(Path.Combine(state, role, "admin.sock"), Timeout);
}
