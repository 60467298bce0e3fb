using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Http;

/// <summary>Why a clearinghouse cannot be reached, one by one: each is named, with what to look at.</summary>
public sealed class ConnectionFaultTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_name_that_has_no_address() => Assert.StartsWith("name: nowhere.invalid is not found", await AskAsync(new("https://nowhere.invalid:7401")), StringComparison.Ordinal);

    [Fact]
    public async Task A_port_where_nothing_listens()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        Assert.StartsWith($"port: 127.0.0.1 is there, and nothing answers at port {port}", await AskAsync(new($"https://127.0.0.1:{port}")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_to_which_no_way_leads()
    {
        var failure = new HttpRequestException(HttpRequestError.ConnectionError, "", new SocketException((int)SocketError.NetworkUnreachable));

        Assert.StartsWith("route: no way leads to 203.0.113.1", ConnectionFaults.Describe(failure, new("https://203.0.113.1")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_something_else_than_TLS_is_spoken()
        => Assert.StartsWith("TLS: 127.0.0.1, port ", await WithServerAsync(stream => stream.WriteAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(), Cancellation).AsTask()), StringComparison.Ordinal);

    [Fact]
    public async Task A_silence()
        => Assert.Contains("did not answer within 3 s", await WithServerAsync(_ => Task.Delay(TimeSpan.FromSeconds(10), Cancellation)), StringComparison.Ordinal);

    [Fact]
    public async Task Somebody_in_between_who_opens_TLS()
    {
        using var key = RSA.Create(2048);
        using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        Assert.StartsWith("certificate: 127.0.0.1 shows one that is neither trusted here nor of the publisher's root: something in between may open TLS", await WithServerAsync(stream => HandshakeAsync(stream, made)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_wrong()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        using var http = ClearinghouseServer.Connect(clearinghouse.Address, () => _authority.Root, () => [TestAuthority.Begin.AddYears(-1)], Timeout);

        Assert.StartsWith("clock: the clearinghouse's certificate runs from 2026-03-01", await ProblemOfAsync(http), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_asks_for_a_password()
    {
        var text = await ListenAsync(
            async stream =>
            {
                await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, Cancellation);
                await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"office\"\r\nContent-Length: 0\r\n\r\n"), Cancellation);
            },
            async proxy =>
            {
                using var http = new HttpClient(new SocketFaults(new SocketsHttpHandler { Proxy = new WebProxy(proxy) })) { BaseAddress = new("https://clearinghouse.test"), Timeout = Timeout };
                return await ProblemOfAsync(http);
            });

        Assert.StartsWith("proxy: it asks for a name and a password", text, StringComparison.Ordinal);
    }

    private static async Task HandshakeAsync(Stream stream, X509Certificate2 certificate)
    {
        await using var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, Cancellation);
    }

    private Task<string> WithServerAsync(Func<Stream, Task> serve) => ListenAsync(serve, AskAsync, "https");

    private static async Task<string> ListenAsync(Func<Stream, Task> serve, Func<Uri, Task<string>> ask, string scheme = "http")
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var serving = Task.Run(
            async () =>
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(done.Token);
                    try
                    {
                        await serve(client.GetStream());
                    }
                    catch (Exception gone) when (gone is IOException or System.Security.Authentication.AuthenticationException)
                    {
                        // The caller has hung up, as it should.
                    }
                }
            },
            done.Token);
        var text = await ask(new($"{scheme}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        await done.CancelAsync();
        await Task.WhenAny(serving);
        return text;
    }

    private async Task<string> AskAsync(Uri address)
    {
        using var http = ClearinghouseServer.Connect(address, () => _authority.Root, () => [TestAuthority.Begin.AddDays(1)], Timeout);
        return await ProblemOfAsync(http);
    }

    private static async Task<string> ProblemOfAsync(HttpClient http)
    {
        var problem = await Assert.ThrowsAsync<ProblemException>(() => new ClearinghouseClient(http).TimeAsync(new(new byte[16]), Cancellation));
        Assert.Equal(LicensingProblem.Unreachable, problem.Problem);
        return problem.Message;
    }
}
