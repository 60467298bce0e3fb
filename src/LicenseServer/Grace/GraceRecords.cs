using Ostiary.Contracts.Statements;

namespace Ostiary.LicenseServer.Grace;

/// <summary>The rule of grace copies: of the records of a machine the one that began first counts. Pure.</summary>
internal static class GraceRecords
{
    /// <summary>
    /// What counts of a kept and a new record of the same machine: the earlier start and the earlier end, all extensions with their days,
    /// the later high-water mark. So a record that was made anew, or put back from a copy, brings no day back.
    /// </summary>
    public static GraceRecordStatement Unite(GraceRecordStatement kept, GraceRecordStatement sent) => kept with
    {
        StartedAt = kept.StartedAt < sent.StartedAt ? kept.StartedAt : sent.StartedAt,
        EndedAt = Earlier(kept.EndedAt, sent.EndedAt),
        // An extension is in the record whose days hold it: the longer of the two has all of its own.
        ExtensionDays = Math.Max(kept.ExtensionDays, sent.ExtensionDays),
        Extensions = [.. kept.Extensions.Union(sent.Extensions).Take(GraceRecordStatement.MaxExtensions)],
        HighWater = kept.HighWater > sent.HighWater ? kept.HighWater : sent.HighWater,
        Generation = Math.Max(kept.Generation, sent.Generation),
    };

    private static DateTimeOffset? Earlier(DateTimeOffset? left, DateTimeOffset? right) => left is null || right < left ? right : left;
}
