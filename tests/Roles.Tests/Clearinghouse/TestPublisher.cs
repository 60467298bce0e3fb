using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>A publisher: root ceremony, signer and clearinghouse, started as production does, in a directory of their own.</summary>
public sealed class TestPublisher : IAsyncDisposable
{
    private readonly List<HttpClient> _clients = [];
    private WebApplication? _signer;
    private WebApplication? _clearinghouse;

    private TestPublisher()
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("ostiary-").FullName;
        Ceremony = RootCeremony.Perform(At("root"), At("signer"), At("clearinghouse"), "Example Ltd", Time.GetUtcNow());
        Root = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(At("root"), "root.pem"));
    }

    public string Directory { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    public CeremonyRecord Ceremony { get; }

    public X509Certificate2 Root { get; }

    public ConcurrentQueue<string> LogLines { get; } = new();

    /// <summary>The clearinghouse's PostgreSQL database; null where it is SQLite.</summary>
    public string? Database { get; } = TestDatabases.NewClearinghouse();

    public string DatabaseFile => Path.Combine(At("clearinghouse"), "clearinghouse.db");

    public WebApplication ClearinghouseApp => _clearinghouse!;

    public WebApplication SignerApp => _signer!;

    public HttpClient Http { get; private set; } = null!;

    public HttpClient AdministrationHttp { get; private set; } = null!;

    public HttpClient SignerHttp { get; private set; } = null!;

    public ClearinghouseClient Client => new(Http);

    public ClearinghouseAdministrationClient Administration => new(AdministrationHttp);

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static CompanyInformation Company { get; } = new() { FirstName = "Ada", LastName = "Lovelace", Company = "Engines Ltd", Country = "GB" };

    public static ContactPerson Contact { get; } = new() { FirstName = "Grace", LastName = "Hopper", Email = "grace@example.org", Phone = "+1 613 555 0100" };

    public static async Task<TestPublisher> StartAsync(int attemptsPerMinute = 100_000)
    {
        var publisher = new TestPublisher();
        try
        {
            await publisher.StartSignerAsync();
            await publisher.StartClearinghouseAsync(publisher.Options(attemptsPerMinute: attemptsPerMinute));
            return publisher;
        }
        catch
        {
            await publisher.DisposeAsync();
            throw;
        }
    }

    /// <summary>Three octal digits.</summary>
#pragma warning disable CA1416 // The roles run on Linux.
    public static string ModeOf(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
#pragma warning restore CA1416

    public string At(string role) => Path.Combine(Directory, role);

    internal ClearinghouseOptions Options(
        Action<IssuanceStep>? afterStep = null, int attemptsPerMinute = 100_000, string? operators = null, Dictionary<string, string>? numbers = null, string? database = null)
        => new()
        {
            StateDirectory = At("clearinghouse"),
            SignerSocket = SignerOptions.Socket,
            Database = database ?? Database,
            Listen = "127.0.0.1:0",
            AttemptsPerMinute = attemptsPerMinute,
            AfterStep = afterStep,
            OperatorsListen = operators,
            TelephoneNumbers = numbers ?? [],
        };

    public SignerOptions SignerOptions => new() { StateDirectory = At("signer"), ClearinghouseDatabase = DatabaseFile, Database = Database };

    public async Task StartSignerAsync()
    {
        _signer = SignerRole.Build(SignerOptions, Time, Log);
        await _signer.StartAsync(Cancellation);
        SignerHttp = Keep(ApiClient.OverUnixSocket(SignerOptions.Socket, TimeSpan.FromSeconds(20)));
    }

    /// <summary>Commits bytes as the clearinghouse does before it has them signed.</summary>
    internal Task CommitAsync(string kind, byte[] toBeSigned) => ClearinghouseApp.Services.GetRequiredService<Database>().WriteAsync(
        async store =>
        {
            await store.AppendToBeSignedAsync(kind, "test", "test", toBeSigned, Time.GetUtcNow(), Cancellation);
            return true;
        },
        Cancellation);

    public async Task StopSignerAsync()
    {
        await StopAsync(_signer);
        _signer = null;
    }

    public async Task StartClearinghouseAsync(ClearinghouseOptions options)
    {
        _clearinghouse = ClearinghouseRole.Build(options, Time, Log);
        await _clearinghouse.StartAsync(Cancellation);
        Http = NewClient();
        AdministrationHttp = Keep(ApiClient.OverUnixSocket(options.AdministrationSocket, TimeSpan.FromSeconds(20)));
    }

    public async Task StopClearinghouseAsync()
    {
        await StopAsync(_clearinghouse);
        _clearinghouse = null;
    }

    internal async Task RestartClearinghouseAsync(Action<IssuanceStep>? afterStep = null)
    {
        await StopClearinghouseAsync();
        await StartClearinghouseAsync(Options(afterStep));
    }

    /// <summary>A client that knows the published root and nothing else, as a license server does.</summary>
    public HttpClient NewClient(Uri? address = null) => Keep(new HttpClient(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                certificate is X509Certificate2 leaf
                && leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>()
                    .Any(usage => usage.Value == OstiaryOids.ClearinghouseUsage.Value)
                && CertificateChain.LeadsTo(Root, leaf, chain!.ChainPolicy.ExtraStore, Time.GetUtcNow()),
        },
    })
    {
        BaseAddress = address ?? ClearinghouseRole.AddressOf(_clearinghouse!),
        Timeout = TimeSpan.FromSeconds(60),
    });

    public async Task<string> MintAsync(int quantity = 5)
        => (await Administration.MintAsync(new(CalType.Device, new(2022), quantity, 1, "retail"), Cancellation)).Keys[0].ProductKey!;

    public async Task<TestLicenseServer> NewLicenseServerAsync()
    {
        var server = new TestLicenseServer();
        await server.ActivateAsync(this);
        return server;
    }

    /// <summary>Runs one statement on the clearinghouse's file and gives its first value.</summary>
    public T Query<T>(string sql) => (T)TestDatabases.Query(Database, DatabaseFile, sql, command => command.ExecuteScalar())!;

    /// <summary>Changes the clearinghouse's database behind its back.</summary>
    public void Execute(string sql) => Assert.NotEqual(0, TestDatabases.Query(Database, DatabaseFile, sql, command => command.ExecuteNonQuery()));

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await StopAsync(_clearinghouse);
        await StopAsync(_signer);
        TestDatabases.Drop(Database);
        Root.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private static async Task StopAsync(WebApplication? app)
    {
        if (app is null)
            return;
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private HttpClient Keep(HttpClient client)
    {
        _clients.Add(client);
        return client;
    }

    private void Log(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new Recorder(LogLines));

    private sealed class Recorder(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
