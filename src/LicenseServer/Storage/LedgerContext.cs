using System.Data;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Ostiary.Contracts.Catalogue;
using Ostiary.Doors.Accounts;
using Ostiary.LicenseServer.Reports;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// The license server's tables. Names are snake case; times are seconds since 1970, GUIDs and serials are 16 bytes, so that
/// both order and size are the same on every database.
/// </summary>
internal class LedgerContext : DbContext
{
    public LedgerContext(DbContextOptions<LedgerContext> options)
        : base(options)
    {
    }

    protected LedgerContext(DbContextOptions options)
        : base(options)
    {
    }

    /// <summary>
    /// Under which a transaction that only reads sees one moment. To SQLite this is BEGIN, not BEGIN IMMEDIATE: what is read is the state at the first read all the
    /// same (its write-ahead log gives every reader its own), and the writer does not wait for whoever looks. Nothing uncommitted is seen: that needs a shared cache.
    /// </summary>
    protected virtual IsolationLevel Snapshot => IsolationLevel.ReadUncommitted;

    public DbSet<HeadRow> Head => Set<HeadRow>();

    public DbSet<IdentityRow> Identity => Set<IdentityRow>();

    public DbSet<License> Licenses => Set<License>();

    public DbSet<Temporary> Temporaries => Set<Temporary>();

    public DbSet<UserCal> UserCals => Set<UserCal>();

    public DbSet<ServerPolicy> Policy => Set<ServerPolicy>();

    public DbSet<BreakGlass> BreakGlass => Set<BreakGlass>();

    public DbSet<Recovery> Recoveries => Set<Recovery>();

    public DbSet<ClockConfirmation> ClockConfirmations => Set<ClockConfirmation>();

    public DbSet<Pack> Packs => Set<Pack>();

    public DbSet<Redemption> Redemptions => Set<Redemption>();

    public DbSet<Draw> Draws => Set<Draw>();

    public DbSet<JoinedHost> Hosts => Set<JoinedHost>();

    public DbSet<HostGroup> HostGroups => Set<HostGroup>();

    public DbSet<RunningSession> Sessions => Set<RunningSession>();

    public DbSet<HostSession> HostSessions => Set<HostSession>();

    public DbSet<HostRefusal> HostRefusals => Set<HostRefusal>();

    public DbSet<HostStateRow> HostStates => Set<HostStateRow>();

    public DbSet<UsageDayRow> UsageDays => Set<UsageDayRow>();

    public DbSet<FlaggedDevice> Flags => Set<FlaggedDevice>();

    public DbSet<GraceCopy> GraceCopies => Set<GraceCopy>();

    public DbSet<IssuedInvitation> Invitations => Set<IssuedInvitation>();

    public DbSet<AnsweredRequest> Requests => Set<AnsweredRequest>();

    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<Token> Tokens => Set<Token>();

    public DbSet<SignInFailure> SignInFailures => Set<SignInFailure>();

    public DbSet<OutgoingTransfer> Transfers => Set<OutgoingTransfer>();

    public DbSet<Reception> Receptions => Set<Reception>();

    public DbSet<KeySuccession> Successions => Set<KeySuccession>();

    public DbSet<AuditEntry> Audit => Set<AuditEntry>();

    public DbSet<AuditDetail> AuditDetails => Set<AuditDetail>();

    /// <summary>What is read until it ends is of one moment.</summary>
    public Task<IDbContextTransaction> BeginSnapshotAsync(CancellationToken cancellation) => Database.BeginTransactionAsync(Snapshot, cancellation);

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
    {
        configuration.Properties<DateTimeOffset>().HaveConversion<UnixSeconds>();
        configuration.Properties<Guid>().HaveConversion<GuidBytes>();
        configuration.Properties<CalSerial>().HaveConversion<SerialBytes>();
        configuration.Properties<DeviceKey>().HaveConversion<DeviceKeyBytes>();
        configuration.Properties<PersonKey>().HaveConversion<PersonKeyBytes>();
        configuration.Properties<CalVersion>().HaveConversion<VersionYear>();
    }

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.Entity<HeadRow>(head => head.ToTable("ledger_head").Property(row => row.Id).ValueGeneratedNever());
        model.Entity<IdentityRow>(identity => identity.ToTable("identity").Property(row => row.Id).ValueGeneratedNever());
        model.Entity<License>(license =>
        {
            ConfigureCal(license, "licenses");
            // What a decision looks for: permanent licenses past their end, which give their seats back.
            license.HasIndex(row => new { row.Status, row.NotAfter });
            license.HasIndex(row => row.PackId).HasFilter("pack_id IS NOT NULL");
            license.HasIndex(row => row.AskFirst).HasFilter("ask_first");
            license.HasIndex(row => row.HardwareId);
            license.HasIndex(row => new { row.HostId, row.NotBefore });
            // What counts look for: those that no pack counts. All that they compare is in it, else the index above is taken and every live row read.
            license.HasIndex(row => new { row.Kind, row.Status, row.NotAfter, row.Version }).HasFilter("kind = 0 AND status = 0");
            license.Property(row => row.Account).HasMaxLength(255);
            license.Property(row => row.RevocationReason).HasMaxLength(255);
        });
        model.Entity<UserCal>(cal =>
        {
            cal.ToTable("user_cals").HasKey(row => row.Id);
            cal.Ignore(row => row.OverUsed);
            cal.HasIndex(row => row.Serial).IsUnique();
            // One person is one CAL.
            cal.HasIndex(row => row.PersonKey).IsUnique().HasFilter("state = 0");
            cal.HasIndex(row => new { row.State, row.ExpiresAt });
            cal.HasIndex(row => new { row.PackId, row.State, row.ExpiresAt }).HasFilter("pack_id IS NULL AND state = 0");
            cal.Property(row => row.Name).HasMaxLength(255);
            cal.Property(row => row.Realm).HasMaxLength(255);
            cal.Property(row => row.StableId).HasMaxLength(64);
            cal.Property(row => row.ReleaseReason).HasMaxLength(255);
        });
        model.Entity<ServerPolicy>(policy => policy.ToTable("policy").Property(row => row.Id).ValueGeneratedNever());
        model.Entity<BreakGlass>(glass =>
        {
            glass.ToTable("break_glass").HasKey(row => row.Id);
            glass.HasIndex(row => row.At);
            glass.Property(row => row.Reason).HasMaxLength(255);
        });
        model.Entity<Recovery>(recovery =>
        {
            recovery.ToTable("recoveries").HasKey(row => row.Id);
            recovery.Ignore(row => row.Until);
        });
        model.Entity<ClockConfirmation>(confirmation => confirmation.ToTable("clock_confirmations").HasKey(row => row.Id));
        model.Entity<Temporary>(temporary =>
        {
            ConfigureCal(temporary, "temporaries");
            temporary.HasIndex(row => new { row.HostId, row.Id });
        });
        model.Entity<Pack>(pack =>
        {
            pack.ToTable("packs").HasKey(row => row.PackId);
            pack.Property(row => row.PackId).ValueGeneratedNever();
            pack.HasIndex(row => row.ProductKeyHash);
            pack.Property(row => row.Program).HasMaxLength(64);
            pack.Property(row => row.RevocationReason).HasMaxLength(64);
        });
        model.Entity<Redemption>(redemption => redemption.ToTable("redemptions").HasKey(row => row.ProductKeyHash));
        model.Entity<JoinedHost>(host =>
        {
            host.ToTable("hosts").HasKey(row => row.HostId);
            host.Property(row => row.HostId).ValueGeneratedNever();
            host.Property(row => row.Name).HasMaxLength(255);
            host.Property(row => row.Group).HasMaxLength(HostGroup.MaxName);
        });
        model.Entity<HostGroup>(group =>
        {
            group.ToTable("host_groups").HasKey(row => row.Name);
            group.Property(row => row.Name).HasMaxLength(HostGroup.MaxName);
        });
        model.Entity<RunningSession>(session =>
        {
            session.ToTable("sessions").HasKey(row => new { row.HostId, row.SessionId });
            session.HasIndex(row => row.Serial);
            session.HasIndex(row => row.ReportedAt);
            session.Property(row => row.Address).HasMaxLength(64);
        });
        model.Entity<HostSession>(session =>
        {
            session.ToTable("host_sessions").HasKey(row => row.Id);
            session.HasIndex(row => new { row.HostId, row.SessionId, row.StartedAt }).IsUnique();
            session.HasIndex(row => row.StartedAt);
            session.HasIndex(row => row.EndedAt).HasFilter("ended_at IS NULL");
        });
        model.Entity<HostRefusal>(refusal =>
        {
            refusal.ToTable("host_refusals").HasKey(row => row.Id);
            refusal.HasIndex(row => new { row.HostId, row.RefusalId, row.At }).IsUnique();
            refusal.HasIndex(row => row.At);
            refusal.HasIndex(row => row.Observed).HasFilter("observed");
        });
        model.Entity<HostStateRow>(state =>
        {
            state.ToTable("host_states").HasKey(row => row.HostId);
            state.Property(row => row.HostId).ValueGeneratedNever();
        });
        model.Entity<UsageDayRow>(day => day.ToTable("usage_days").HasKey(row => new { row.Day, row.Type, row.Version }));
        model.Entity<FlaggedDevice>(device =>
        {
            device.ToTable("device_flags").HasKey(row => row.DeviceId);
            device.Property(row => row.DeviceId).ValueGeneratedNever();
        });
        model.Entity<GraceCopy>(grace =>
        {
            grace.ToTable("grace_copies").HasKey(row => row.MachineId);
            grace.Property(row => row.MachineId).HasMaxLength(32);
        });
        model.Entity<IssuedInvitation>(invitation => invitation.ToTable("invitations").HasKey(row => row.TokenHash));
        model.Entity<AnsweredRequest>(request =>
        {
            request.ToTable("requests").HasKey(row => row.RequestId);
            request.Property(row => row.RequestId).ValueGeneratedNever();
            request.HasIndex(row => new { row.HostId, row.At });
        });
        model.Entity<AuditEntry>(entry =>
        {
            entry.ToTable("audit").HasKey(row => row.Number);
            entry.Property(row => row.Number).ValueGeneratedNever();
        });
        model.Entity<AuditDetail>(detail =>
        {
            detail.ToTable("audit_details").HasKey(row => row.Number);
            detail.Property(row => row.Number).ValueGeneratedNever();
        });
        model.Entity<Draw>(draw =>
        {
            draw.ToTable("draws").HasKey(row => row.WantedHash);
            draw.Property(row => row.Kind).HasMaxLength(128);
        });
        model.Entity<OutgoingTransfer>(transfer =>
        {
            transfer.ToTable("transfers").HasKey(row => row.TransferId);
            transfer.Property(row => row.TransferId).ValueGeneratedNever();
        });
        model.Entity<Reception>(reception =>
        {
            reception.ToTable("receptions").HasKey(row => row.TransferId);
            reception.Property(row => row.TransferId).ValueGeneratedNever();
        });
        model.Entity<KeySuccession>(succession =>
        {
            succession.ToTable("successions").HasKey(row => row.Id);
            succession.HasIndex(row => row.Old).IsUnique();
            succession.Property(row => row.Reason).HasMaxLength(255);
        });
        AccountModel.Configure(model, "removed_at");
        UseSnakeCase(model);
    }

    private static void ConfigureCal<T>(Microsoft.EntityFrameworkCore.Metadata.Builders.EntityTypeBuilder<T> cal, string table)
        where T : Cal
    {
        cal.ToTable(table).HasKey(row => row.Id);
        cal.HasIndex(row => row.Serial).IsUnique();
        cal.HasIndex(row => row.DeviceKey);
        cal.HasIndex(row => row.DeviceId);
        cal.Property(row => row.ClientName).HasMaxLength(255);
    }

    private static void UseSnakeCase(ModelBuilder model)
    {
        foreach (var property in model.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
        {
            var name = new StringBuilder();
            foreach (var letter in property.Name)
                (char.IsUpper(letter) && name.Length > 0 ? name.Append('_') : name).Append(char.ToLowerInvariant(letter));
            property.SetColumnName(name.ToString());
        }
    }

    // A row that somebody has tampered with must be readable to be named: what has not the right length is brought to it, and differs.
    private static byte[] Sixteen(byte[] bytes) => bytes.Length == 16 ? bytes : [.. bytes.Take(16), .. new byte[Math.Max(0, 16 - bytes.Length)]];

    private static DateTimeOffset Time(long seconds)
        => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds()));

    private sealed class UnixSeconds() : ValueConverter<DateTimeOffset, long>(time => time.ToUnixTimeSeconds(), seconds => Time(seconds));

    private sealed class GuidBytes() : ValueConverter<Guid, byte[]>(id => id.ToByteArray(true), bytes => new Guid(Sixteen(bytes), true));

    private sealed class SerialBytes() : ValueConverter<CalSerial, byte[]>(serial => serial.ToBytes(), bytes => CalSerial.Of(Sixteen(bytes)));

    private sealed class DeviceKeyBytes() : ValueConverter<DeviceKey, byte[]>(key => key.ToBytes(), bytes => DeviceKey.Of(Sixteen(bytes)));

    private sealed class PersonKeyBytes() : ValueConverter<PersonKey, byte[]>(key => key.ToBytes(), bytes => PersonKey.Of(Sixteen(bytes)));

    private sealed class VersionYear() : ValueConverter<CalVersion, int>(version => version.Year, year => new CalVersion(year));
}

/// <summary>
/// The same tables on PostgreSQL, with migrations of their own: a migration is of one database. Texts sort and compare by their bytes there, too,
/// whatever the language of the server.
/// </summary>
internal sealed class PostgresLedgerContext(DbContextOptions<PostgresLedgerContext> options) : LedgerContext(options)
{
    // Reads that are serializable could fail there for what others write.
    protected override IsolationLevel Snapshot => IsolationLevel.RepeatableRead;

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
    {
        base.ConfigureConventions(configuration);
        configuration.Properties<string>().UseCollation("C");
    }
}

/// <summary>For the tool that writes migrations; the role makes its contexts in <see cref="LedgerDatabase"/>.</summary>
internal sealed class LedgerContextFactory : IDesignTimeDbContextFactory<LedgerContext>
{
    public LedgerContext CreateDbContext(string[] args)
        => new(new DbContextOptionsBuilder<LedgerContext>().UseSqlite("Data Source=:memory:").Options);
}

/// <summary>Likewise.</summary>
internal sealed class PostgresLedgerContextFactory : IDesignTimeDbContextFactory<PostgresLedgerContext>
{
    public PostgresLedgerContext CreateDbContext(string[] args)
        => new(new DbContextOptionsBuilder<PostgresLedgerContext>().UseNpgsql("Host=/nowhere;Database=none").Options);
}
