using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Storage;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary>Erases the texts of product keys some days after they were redeemed; the keyed hash stays, so that a key is still known by itself.</summary>
internal sealed class EraseRedeemedTexts(ClearinghouseOptions options, Database database, TimeProvider time, ILogger<EraseRedeemedTexts> logger)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        var until = time.GetUtcNow() - options.KeepRedeemedTexts;
        var erased = await database.WriteAsync(
            store => store.ProductKeys
                .Where(row => row.RedeemedAt != null && row.RedeemedAt < until && row.SealedText != null)
                .ExecuteUpdateAsync(row => row.SetProperty(key => key.SealedText, (byte[]?)null), cancellation),
            cancellation);
        if (erased > 0)
            logger.TextsErased(erased);
    }
}
