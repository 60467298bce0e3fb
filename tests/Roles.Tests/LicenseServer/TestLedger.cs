using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Packs;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>A ledger in a directory of its own, on a clock that the test moves, without HTTP.</summary>
internal sealed class TestLedger : IAsyncDisposable
{
    public static readonly DateTimeOffset Begin = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);

    private readonly LicenseServerOptions _options;

    private readonly bool _isOwner;

    public TestLedger(int temporariesPerHost = 2_000, int maxBatch = 256, string? database = null)
    {
        _isOwner = database is null;
        _options = new()
        {
            Database = database ?? TestDatabases.NewLedger(),
            StateDirectory = Directory.CreateTempSubdirectory("ostiary-ledger-").FullName,
            TemporariesPerHost = temporariesPerHost,
            MaxBatch = maxBatch,
        };
        Time = new(Begin, () => Ledger?.Clock.GetUtcNow());
        Ledger = Open();
    }

    public WalkedTime Time { get; }

    /// <summary>What the next permanent CAL is good for.</summary>
    public int PermanentDays { get; set; } = 60;

    public Ledger Ledger { get; private set; }

    public string File => Path.Combine(_options.StateDirectory, "ledger.db");

    public async Task RestartAsync()
    {
        // A role that runs writes the time once a minute.
        await Ledger.WorkAsync(_ => true, TestContext.Current.CancellationToken);
        await Ledger.DisposeAsync();
        Ledger = Open();
    }

    public void PassDays(double days) => Time.Advance(TimeSpan.FromDays(days));

    /// <summary>The license server gets a certificate of this authority.</summary>
    public async Task ActivateAsync(TestAuthority authority)
    {
        var certificate = TestAuthority.SignDer(
            CertificateProfiles.LicenseServer(authority.Issuing, Ledger.Identity.Key.PublicKey, TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(10)), authority.IssuingKey);
        var (row, _) = await Ledger.WorkAsync(
            batch => Activate.Record(batch, Ledger.Identity.Key.Request(Ostiary.Contracts.Activation.ActivationKind.Activate, 1), certificate, authority.Issuing.RawData, Ostiary.Contracts.Trust.PublisherTrust.Of(authority.Root)), TestContext.Current.CancellationToken);
        Ledger.Recertify(row);
    }

    public async Task<HostIdentity> JoinAsync(int version = 2022, LicensingMode mode = LicensingMode.PerDevice)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var (host, _) = await Ledger.WorkAsync(
            batch =>
            {
                var joined = new JoinedHost
                {
                    HostId = Guid.NewGuid(),
                    Name = "host",
                    MachineId = new string('0', 32),
                    PublicKey = publicKey,
                    Version = new(version),
                    Mode = mode,
                    JoinedAt = batch.Now,
                };
                batch.Audit("host-joined", CanonicalContent.Hosts, joined.HostId.ToString(), number =>
                {
                    joined.LedgerNumber = number;
                    return CanonicalContent.Of(joined);
                });
                batch.Db.Add(joined);
                return joined;
            },
            TestContext.Current.CancellationToken);
        return new(host.HostId, SHA256.HashData(publicKey));
    }

    public Task<Guid> InstallPackAsync(int quantity, int version = 2022, DateTimeOffset? expiresAt = null, CalType type = CalType.Device)
        => TestPacks.InstallAsync(Ledger, Time.GetUtcNow(), quantity, version, type, expiresAt);

    /// <summary>A device connects; it keeps what it is given.</summary>
    public async Task<DeviceCalAnswer> ConnectAsync(HostIdentity host, TestDevice device, bool presents = true)
    {
        var answer = await Ledger.RequestDeviceCalAsync(host, device.Request(presents), TestContext.Current.CancellationToken);
        device.Keep(answer);
        return answer;
    }

    public async Task<bool> LogOnAsync(HostIdentity host, TestDevice device, string account = "alice")
    {
        Assert.True(CalSerial.TryParse(device.Serial, out var serial));
        return (await Ledger.ValidateAsync(host, Guid.NewGuid(), serial, account, TestContext.Current.CancellationToken)).Validated;
    }

    /// <summary>Connects, logs on and connects again: the device holds a permanent CAL if a seat is free.</summary>
    public async Task<DeviceCalAnswer> SettleAsync(HostIdentity host, TestDevice device)
    {
        await ConnectAsync(host, device);
        Assert.True(await LogOnAsync(host, device));
        return await ConnectAsync(host, device);
    }

    public async Task<AuditVerification> VerifyAsync()
    {
        await using var db = Ledger.Database.OpenReader();
        return await AuditVerifier.VerifyAsync(db, Ledger.Identity.Current, TestContext.Current.CancellationToken);
    }

    /// <summary>What somebody with the file and a text editor could do.</summary>
    public void Tamper(string sql)
        => Assert.NotEqual(0, TestDatabases.Query(_options.Database, File, sql, command => command.ExecuteNonQuery()));

    public long Scalar(string sql) => TestDatabases.Query(_options.Database, File, sql, command => Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        SqliteConnection.ClearAllPools();
        if (_isOwner)
            TestDatabases.Drop(_options.Database);
        Directory.Delete(_options.StateDirectory, recursive: true);
    }

    private Ledger Open() => Ledger.Open(_options, Time, NullLogger<LedgerWriter>.Instance, () => PermanentDays);
}

/// <summary>An RDP client as a license server knows it: it stores what it is given and presents it next time.</summary>
internal sealed class TestDevice(string name, byte[]? hardwareId = null)
{
    public byte[] HardwareId { get; } = hardwareId ?? RandomNumberGenerator.GetBytes(20);

    public string Name { get; set; } = name;

    public byte[]? Stored { get; set; }

    /// <summary>Of the last CAL that was granted.</summary>
    public string Serial { get; private set; } = "";

    public string Address { get; set; } = "192.0.2.1";

    public DeviceCalRequest Request(bool presents = true)
        => new(Guid.NewGuid(), new(Convert.ToHexStringLower(HardwareId), Name, "alice", Address), presents ? Stored : null);

    public void Keep(DeviceCalAnswer answer)
    {
        if (answer.Granted is not { } granted)
            return;
        Serial = granted.Serial;
        Stored = granted.Stored ?? Stored;
    }
}

/// <summary>Key packs that no clearinghouse has signed, put straight into a ledger.</summary>
internal static class TestPacks
{
    public static async Task<Guid> InstallAsync(Ledger ledger, DateTimeOffset now, int quantity, int version, CalType type, DateTimeOffset? expiresAt = null)
    {
        var statement = new KeyPackStatement(Guid.NewGuid(), ledger.Identity.Key.Fingerprint, type, new(version), quantity, "retail", now, expiresAt);
        await ledger.WorkAsync(
            batch => InstallPack.Install(batch, statement, statement.Encode(), [1], RandomNumberGenerator.GetBytes(32)), TestContext.Current.CancellationToken);
        return statement.PackId;
    }
}
