namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>A network with nothing in it but a loopback of its own: what runs in it reaches nothing outside, and nothing outside reaches it.</summary>
public sealed class NetworkNamespace : IAsyncDisposable
{
    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(10);

    private NetworkNamespace(string name) => Name = name;

    /// <summary>As <c>ip netns</c> knows it.</summary>
    public string Name { get; }

    public static async Task<NetworkNamespace> CreateAsync(CancellationToken cancellation)
    {
        var network = new NetworkNamespace($"ostiary-{Path.GetRandomFileName()[..8]}");
        await IpAsync(cancellation, "netns", "add", network.Name);
        try
        {
            await IpAsync(cancellation, "-n", network.Name, "link", "set", "lo", "up");
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a program in it; its process number is the program's own.</summary>
    public PeerProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
        => PeerProcess.Start("ip", ["netns", "exec", Name, program, .. arguments], environment);

    public async ValueTask DisposeAsync() => await IpAsync(CancellationToken.None, "netns", "delete", Name);

    private static async Task IpAsync(CancellationToken cancellation, params string[] arguments)
    {
        var result = await PeerProcess.RunAsync("ip", arguments, StepTime, cancellation);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {result.Output}");
    }
}
