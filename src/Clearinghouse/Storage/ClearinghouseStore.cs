using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Ostiary.Contracts.Catalogue;
using Ostiary.Doors.Accounts;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>The clearinghouse's database. Times are whole milliseconds since 1970, so that they sort and compare in SQL.</summary>
internal class ClearinghouseStore : DbContext
{
    public ClearinghouseStore(DbContextOptions<ClearinghouseStore> options)
        : base(options)
    {
    }

    protected ClearinghouseStore(DbContextOptions options)
        : base(options)
    {
    }

    public DbSet<IssuerRow> Issuers => Set<IssuerRow>();

    public DbSet<ActivationRow> Activations => Set<ActivationRow>();

    public DbSet<CompanyRow> Companies => Set<CompanyRow>();

    public DbSet<ContactRow> Contacts => Set<ContactRow>();

    public DbSet<DeactivationRow> Deactivations => Set<DeactivationRow>();

    public DbSet<ProductKeyRow> ProductKeys => Set<ProductKeyRow>();

    public DbSet<AgreementRow> Agreements => Set<AgreementRow>();

    public DbSet<KeyPackRow> KeyPacks => Set<KeyPackRow>();

    public DbSet<GraceExtensionRow> GraceExtensions => Set<GraceExtensionRow>();

    public DbSet<RevocationRow> Revocations => Set<RevocationRow>();

    public DbSet<RevocationListRow> RevocationLists => Set<RevocationListRow>();

    public DbSet<TransferRow> Transfers => Set<TransferRow>();

    public DbSet<SuccessionRow> Successions => Set<SuccessionRow>();

    public DbSet<ToBeSignedRow> ToBeSigned => Set<ToBeSignedRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
    {
        configuration.Properties<DateTimeOffset>().HaveConversion<MillisecondsConverter>();
        configuration.Properties<CalVersion>().HaveConversion<CalVersionConverter>();
    }

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.Entity<IssuerRow>().HasKey(row => row.Fingerprint);
        model.Entity<ActivationRow>(activation =>
        {
            activation.HasIndex(row => row.Request).IsUnique();
            activation.HasIndex(row => row.LicenseServerId);
        });
        model.Entity<CompanyRow>(company =>
        {
            company.ToTable("Companies").HasKey(row => row.LicenseServerId);
            company.OwnsOne(row => row.Company);
        });
        model.Entity<ContactRow>(contact =>
        {
            contact.HasIndex(row => row.LicenseServerId);
            contact.OwnsOne(row => row.Contact);
        });
        model.Entity<DeactivationRow>(deactivation =>
        {
            deactivation.HasIndex(row => row.Request).IsUnique();
            deactivation.HasIndex(row => row.LicenseServerId);
        });
        model.Entity<ProductKeyRow>(key =>
        {
            key.HasIndex(row => row.LookupHash).IsUnique();
            key.HasIndex(row => row.RedeemedAt);
            key.HasIndex(row => row.DrawNonce).IsUnique();
            key.HasOne<AgreementRow>().WithMany().HasForeignKey(row => row.AgreementId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<AgreementRow>(agreement =>
        {
            agreement.HasIndex(row => new { row.Program, row.Numbers }).IsUnique();
            agreement.HasMany(row => row.Limits).WithOne().HasForeignKey(row => row.AgreementId);
            agreement.HasMany(row => row.Servers).WithOne().HasForeignKey(row => row.AgreementId);
        });
        model.Entity<AgreementLimitRow>(limit =>
        {
            limit.ToTable("AgreementLimits").HasKey(row => new { row.AgreementId, row.Type, row.Version });
            // Whatever the code does, the database holds to it.
            limit.ToTable(table => table.HasCheckConstraint("CK_AgreementLimits_Drawn", "Drawn >= 0 AND Drawn <= Quantity"));
        });
        model.Entity<AgreementServerRow>().ToTable("AgreementServers").HasKey(row => new { row.AgreementId, row.LicenseServerId });
        model.Entity<KeyPackRow>(pack =>
        {
            pack.HasKey(row => row.PackId);
            // One key, one pack: whatever the code does, the database holds to it.
            pack.HasIndex(row => row.ProductKeyId).IsUnique().HasFilter("TransferredAt IS NULL");
            pack.HasOne<ProductKeyRow>().WithMany().HasForeignKey(row => row.ProductKeyId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<GraceExtensionRow>(extension =>
        {
            extension.HasKey(row => row.Id);
            extension.HasIndex(row => row.MachineId);
        });
        model.Entity<RevocationRow>(revocation =>
        {
            revocation.HasKey(row => row.Id);
            // What is revoked is revoked once.
            revocation.HasIndex(row => row.Subject).IsUnique().HasFilter("LiftedAt IS NULL");
        });
        model.Entity<RevocationListRow>(list =>
        {
            list.HasKey(row => row.Number);
            list.Property(row => row.Number).ValueGeneratedNever();
        });
        model.Entity<TransferRow>().HasKey(row => row.TransferId);
        model.Entity<SuccessionRow>(succession =>
        {
            succession.HasKey(row => row.Old);
            succession.HasIndex(row => row.New).IsUnique();
        });
        model.Entity<ToBeSignedRow>(document =>
        {
            document.ToTable("ToBeSigned").HasKey(row => new { row.Digest, row.Kind });
            document.HasOne<AuditRow>().WithMany().HasForeignKey(row => row.AuditNumber).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<AuditRow>(audit =>
        {
            audit.HasKey(row => row.Number);
            audit.Property(row => row.Number).ValueGeneratedNever();
        });
        AccountModel.Configure(model, nameof(Account.RemovedAt));
    }

    /// <summary>For the tool that writes migrations.</summary>
    internal sealed class Factory : IDesignTimeDbContextFactory<ClearinghouseStore>
    {
        public ClearinghouseStore CreateDbContext(string[] args)
            => new(new DbContextOptionsBuilder<ClearinghouseStore>().UseSqlite("Data Source=:memory:").Options);
    }

    private sealed class MillisecondsConverter() : ValueConverter<DateTimeOffset, long>(
        time => time.ToUnixTimeMilliseconds(), milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));

    private sealed class CalVersionConverter() : ValueConverter<CalVersion, int>(version => version.Year, year => new CalVersion(year));
}

/// <summary>
/// The same tables on PostgreSQL, with migrations of their own: a migration is of one database. Names are in small letters there, so that a text of SQL names the
/// same on both without quotes; texts sort and compare by their bytes, whatever the language of the server.
/// </summary>
internal sealed class PostgresClearinghouseStore(DbContextOptions<PostgresClearinghouseStore> options) : ClearinghouseStore(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
    {
        base.ConfigureConventions(configuration);
        configuration.Properties<string>().UseCollation("C");
    }

    protected override void OnModelCreating(ModelBuilder model)
    {
        base.OnModelCreating(model);
        model.Entity<WrongKeyRow>(wrong =>
        {
            wrong.ToTable("WrongKeys").HasKey(row => row.Bucket);
            wrong.HasIndex(row => row.LastAt);
        });
#pragma warning disable CA1308 // Small letters are what PostgreSQL makes of a name without quotes.
        foreach (var entity in model.Model.GetEntityTypes())
        {
            var table = StoreObjectIdentifier.Create(entity, StoreObjectType.Table)!.Value;
            foreach (var property in entity.GetProperties())
                property.SetColumnName(property.GetColumnName(table)!.ToLowerInvariant());
        }

        foreach (var entity in model.Model.GetEntityTypes())
            entity.SetTableName(entity.GetTableName()!.ToLowerInvariant());
#pragma warning restore CA1308
    }

    /// <summary>For the tool that writes migrations.</summary>
    internal sealed class PostgresFactory : IDesignTimeDbContextFactory<PostgresClearinghouseStore>
    {
        public PostgresClearinghouseStore CreateDbContext(string[] args)
            => new(new DbContextOptionsBuilder<PostgresClearinghouseStore>().UseNpgsql("Host=/nowhere;Database=none").Options);
    }
}
