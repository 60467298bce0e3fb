using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Xunit;

namespace Ostiary.Roles.Tests.Http;

/// <summary>A peer that is killed at the wrong moment is one that cannot be reached, whatever the framework calls it.</summary>
public sealed class SocketFaultsTests
{
    [Fact]
    public async Task A_socket_that_is_gone_before_the_first_byte_is_a_peer_that_cannot_be_reached()
    {
        using var client = new HttpClient(new SocketFaults(new Gone())) { BaseAddress = new("https://peer.test/") };

        var problem = await Assert.ThrowsAsync<ProblemException>(() => client.GetAsync<object>("v1/status", TestContext.Current.CancellationToken));

        Assert.Equal(LicensingProblem.Unreachable, problem.Problem);
    }

    [Fact]
    public void Every_client_of_the_product_is_made_with_it()
    {
        var clients = Directory.GetFiles(Sources(), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Select(file => (File: file, Text: File.ReadAllText(file)))
            .Where(source => source.Text.Contains("new SocketsHttpHandler", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(clients);
        Assert.All(clients, source => Assert.True(source.Text.Contains("new SocketFaults(", StringComparison.Ordinal), source.File));
    }

    private static string Sources([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src"));

    private sealed class Gone : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            => throw new SocketException((int)SocketError.NotConnected);
    }
}
