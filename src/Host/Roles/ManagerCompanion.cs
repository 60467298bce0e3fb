using Ostiary.Contracts.Problems;

namespace Ostiary.Host.Roles;

/// <summary>
/// The Licensing Manager starts with its license server and ends with it. It is a convenience: where it cannot start, for example because its port is
/// taken, the license server goes on without it, and says so.
/// </summary>
internal static class ManagerCompanion
{
    /// <returns>The started Manager; null where there is none.</returns>
    public static async Task<RoleHost?> StartAsync(RoleHost licenseServer, Settings settings, CancellationToken stopping)
    {
        var file = AddressFile(settings.State);
        if (File.Exists(file))
            File.Delete(file);
        if (await RoleHost.ManagerOfAsync(licenseServer, settings, stopping) is not { } manager)
            return null;
        try
        {
            await manager.StartAsync(stopping);
        }
        catch (Exception failure) when (failure is IOException or ProblemException)
        {
            await RoleHost.StopAsync([manager]);
            Console.Error.WriteLine($"ostiary: the Licensing Manager was not started: {failure.Message} (setting Manager:Listen)");
            return null;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(file, manager.ManagerAddress.AbsoluteUri, stopping);
        Console.WriteLine($"Licensing Manager: {manager.ManagerAddress} ('ostiary manager open' signs in)");
        return manager;
    }

    /// <summary>Where a started Manager has written its address.</summary>
    public static string AddressFile(string state) => Path.Combine(state, "manager", "address");
}
