using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Ostiary.SessionHost.Storage;

/// <summary>The session host's own database.</summary>
internal sealed class SessionHostContext(string path) : DbContext
{
    public DbSet<MembershipRow> Memberships => Set<MembershipRow>();

    public DbSet<PredecessorRow> Predecessors => Set<PredecessorRow>();

    public DbSet<GraceMarkRow> GraceMarks => Set<GraceMarkRow>();

    public DbSet<ReceiptRow> Receipts => Set<ReceiptRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<RefusalRow> Refusals => Set<RefusalRow>();

    public DbSet<ValidationRow> Validations => Set<ValidationRow>();

    public DbSet<LeaseRow> Leases => Set<LeaseRow>();

    protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseSqlite($"Data Source={path}");

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
        => configuration.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.Entity<MembershipRow>().HasKey(row => row.Fingerprint);
        model.Entity<PredecessorRow>().HasKey(row => row.Fingerprint);
        model.Entity<ReceiptRow>(receipt =>
        {
            receipt.HasKey(row => row.Serial);
            receipt.HasIndex(row => row.HardwareId);
            receipt.HasIndex(row => row.ExpiresAt);
            receipt.HasIndex(row => row.SeenAt);
        });
        model.Entity<SessionRow>(session =>
        {
            session.Property(row => row.Id).ValueGeneratedNever();
            session.HasIndex(row => row.EndedAt);
        });
        model.Entity<RefusalRow>().HasKey(row => row.Id);
        model.Entity<LeaseRow>().HasKey(row => new { row.UserDigest, row.LicenseServer });
        model.Entity<ValidationRow>().Property(row => row.Id).ValueGeneratedNever();
    }

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(
        time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}
