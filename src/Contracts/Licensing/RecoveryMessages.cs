using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Licensing;

// A license server whose ledger is older than what its hosts have seen collects what they kept. HTTPS with mutual TLS, path /v1/.

/// <summary>What a host keeps of a permanent Device CAL. With these the license server makes the CAL's to-be-signed bytes again, and checks its own signature over them.</summary>
/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="HardwareId">40 hexadecimal digits.</param>
/// <param name="ClientName">The client's name, at most 255 characters.</param>
/// <param name="Version">The CAL's version.</param>
/// <param name="PackId">The key pack that its seat is from.</param>
/// <param name="IssuedAt">Its first second.</param>
/// <param name="ExpiresAt">Its last second.</param>
/// <param name="Signature">The license server's signature over the CAL, DER.</param>
public sealed record Receipt(
    string Serial, string HardwareId, string ClientName, CalVersion Version, Guid PackId, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, byte[] Signature)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(Receipt);
}

/// <summary>
/// <c>POST /v1/recovery</c>: a host shows the newest ledger head that it has seen, every minute, and its receipts when they are wanted. Idempotent.
/// </summary>
/// <param name="Head">Null where it has seen none.</param>
/// <param name="Receipts">At most <see cref="MaxReceipts"/>; empty unless they are wanted.</param>
/// <param name="Complete">These are the last.</param>
public sealed record RecoveryReport(LedgerHead? Head, IReadOnlyList<Receipt> Receipts, bool Complete)
{
    /// <summary>Receipts in one report.</summary>
    public const int MaxReceipts = 100;
}

/// <param name="Wanted">The license server is recovering, and this host has not sent all its receipts yet.</param>
public sealed record RecoveryAnswer(bool Wanted);
