using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Http;

namespace Ostiary.Clearinghouse.Customers;

/// <summary>Company information in the caller's transaction. What the audit commits to is salted, and the salt goes with the information.</summary>
internal static class Companies
{
    public const string Erased = "company-erased";

    private const string Entered = "company-entered";
    private const string Changed = "company-changed";
    private const string Confirmed = "contact-entered";

    /// <summary>Enters who stands behind a license server, or changes it.</summary>
    public static async Task ChangeCompanyAsync(this ClearinghouseStore store, string licenseServerId, CompanyInformation company, DateTimeOffset now, CancellationToken cancellation)
    {
        var row = await store.Companies.SingleOrDefaultAsync(row => row.LicenseServerId == licenseServerId, cancellation);
        if (row?.Company == company)
            return;
        if (row is null)
            store.Companies.Add(new() { LicenseServerId = licenseServerId, Company = company, ChangedAt = now });
        else
            // The owned columns are those of the new one, in the same row.
            (row.Company, row.ChangedAt) = (company with { }, now);
        store.AppendAudit(row is null ? Entered : Changed, SubjectOf(licenseServerId), JsonSerializer.SerializeToUtf8Bytes(company, ContractsJson.Default.CompanyInformation), now);
    }

    /// <summary>Keeps who confirmed a reactivation or a deactivation, in the transaction of either.</summary>
    public static void EnterContact(this ClearinghouseStore store, string licenseServerId, ContactPerson contact, ActivationKind what, DateTimeOffset now)
    {
        store.Contacts.Add(new() { LicenseServerId = licenseServerId, Contact = contact with { }, Confirmed = KebabCase.Of(what), EnteredAt = now });
        store.AppendAudit(Confirmed, SubjectOf(licenseServerId), JsonSerializer.SerializeToUtf8Bytes(contact, ContractsJson.Default.ContactPerson), now);
    }

    /// <summary>Erases it, and who confirmed what, and the salts with which the audit committed to it: what is left says nothing of it, and the chain stays whole.</summary>
    /// <returns>Whether there was any.</returns>
    public static async Task<bool> EraseCompanyAsync(this ClearinghouseStore store, string licenseServerId, DateTimeOffset now, CancellationToken cancellation)
    {
        var row = await store.Companies.SingleOrDefaultAsync(row => row.LicenseServerId == licenseServerId, cancellation);
        var contacts = await store.Contacts.Where(contact => contact.LicenseServerId == licenseServerId).ToListAsync(cancellation);
        if (row is null && contacts.Count == 0)
            return false;
        if (row is not null)
            store.Companies.Remove(row);
        store.Contacts.RemoveRange(contacts);
        var subject = SubjectOf(licenseServerId);
        await store.Audit.Where(entry => entry.Subject == subject && (entry.Kind == Entered || entry.Kind == Changed || entry.Kind == Confirmed))
            .ExecuteUpdateAsync(entry => entry.SetProperty(audit => audit.Salt, (byte[]?)null), cancellation);
        store.AppendAudit(Erased, subject, [], now);
        return true;
    }

    private static string SubjectOf(string licenseServerId) => $"license server {licenseServerId}";
}
