using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Ostiary.Contracts.Catalogue;
using Ostiary.Doors.Accounts;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>The clearinghouse's database. Times are whole milliseconds since 1970, so that they sort and compare in SQL.</summary>
internal sealed class ClearinghouseStore(DbContextOptions<ClearinghouseStore> options) : DbContext(options)
{
    public DbSet<IssuerRow> Issuers => Set<IssuerRow>();

    public DbSet<ActivationRow> Activations => Set<ActivationRow>();

    public DbSet<CompanyRow> Companies => Set<CompanyRow>();

    public DbSet<ProductKeyRow> ProductKeys => Set<ProductKeyRow>();

    public DbSet<AgreementRow> Agreements => Set<AgreementRow>();

    public DbSet<KeyPackRow> KeyPacks => Set<KeyPackRow>();

    public DbSet<GraceExtensionRow> GraceExtensions => Set<GraceExtensionRow>();

    public DbSet<RevocationRow> Revocations => Set<RevocationRow>();

    public DbSet<RevocationListRow> RevocationLists => Set<RevocationListRow>();

    public DbSet<TransferRow> Transfers => Set<TransferRow>();

    public DbSet<SuccessionRow> Successions => Set<SuccessionRow>();

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
        model.Entity<RevocationRow>().HasKey(row => row.Subject);
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
