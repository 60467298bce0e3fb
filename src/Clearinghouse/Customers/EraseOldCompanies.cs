using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Storage;

namespace Ostiary.Clearinghouse.Customers;

/// <summary>Erases company information some time after the license server's last certificate has ended.</summary>
internal sealed class EraseOldCompanies(ClearinghouseOptions options, Database database, TimeProvider time, ILogger<EraseOldCompanies> logger)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var erased = await database.WriteAsync(
            async store =>
            {
                // Certificates of one kind all end the same number of years after their day.
                var latest = (ushort)Math.Max(0, (now - options.KeepCompanyInformation - DateTimeOffset.UnixEpoch).Days - (int)(Activations.TermYears * 365.25));
                var due = await store.Companies.Select(row => row.LicenseServerId).Union(store.Contacts.Select(row => row.LicenseServerId))
                    .Where(id => !store.Activations.Any(row => row.LicenseServerId == id && row.Day > latest)).OrderBy(id => id).Take(100).ToListAsync(cancellation);
                foreach (var id in due)
                    await store.EraseCompanyAsync(id, now, cancellation);
                return due.Count;
            },
            cancellation);
        if (erased > 0)
            logger.CompaniesErased(erased);
    }
}
