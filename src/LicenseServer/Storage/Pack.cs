using Ostiary.Contracts.Catalogue;

namespace Ostiary.LicenseServer.Storage;

/// <summary>An installed key pack (table <c>packs</c>).</summary>
internal sealed class Pack
{
    public required Guid PackId { get; init; }

    public required CalType Type { get; init; }

    public required CalVersion Version { get; init; }

    /// <summary>Its seats; fewer after a part of them was converted.</summary>
    public required int Quantity { get; set; }

    /// <summary>
    /// Seats taken: live permanent licenses or User CALs of this pack. Kept in the row because counting a million licenses at every issue is slow;
    /// it changes in the transaction that changes the licenses, and the audit verification counts and compares.
    /// Adopted CALs may bring it above <see cref="Quantity"/>.
    /// </summary>
    public int Issued { get; private set; }

    public required string Program { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset? ExpiresAt { get; init; }

    public required DateTimeOffset InstalledAt { get; init; }

    /// <summary>The signed statement, as it came; another one where the key that signed it was withdrawn.</summary>
    public required byte[] Statement { get; set; }

    /// <summary>The certificate of the key that signed it, DER.</summary>
    public required byte[] IssuingCertificate { get; set; }

    /// <summary>Hash of the product key that became this pack; see <see cref="Packs.ProductKeyText"/>.</summary>
    public required byte[] ProductKeyHash { get; init; }

    /// <summary>The pack that this one was split off by a conversion; its statement is the same. Null for a pack as it was installed.</summary>
    public Guid? SplitFrom { get; init; }

    /// <summary>When an administrator removed it; its seats are none from then on.</summary>
    public DateTimeOffset? RemovedAt { get; set; }

    /// <summary>When the publisher revoked it; its seats are none from then on, and what is issued of it runs to its end.</summary>
    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>Why, kebab case: a <see cref="Contracts.Statements.ClearinghouseRevocationReason"/>, or <see cref="IssuingKeyWithdrawn"/>.</summary>
    public string? RevocationReason { get; private set; }

    /// <summary>The key that signed its statement was withdrawn, and the publisher has not signed it again.</summary>
    public const string IssuingKeyWithdrawn = "issuing-key-withdrawn";

    /// <summary>The transfer by which it was signed away; its product key does not bring it back. Null where it was not.</summary>
    public Guid? TransferId { get; set; }

    public long LedgerNumber { get; set; }

    /// <summary>Seats that count: none after its end, its removal or its revocation.</summary>
    public int Installed(DateTimeOffset now) => RemovedAt is not null || RevokedAt is not null || ExpiresAt <= now ? 0 : Quantity;

    public int Free(DateTimeOffset now) => Math.Max(0, Installed(now) - Issued);

    public void TakeSeat(DateTimeOffset now)
    {
        if (Free(now) == 0)
            throw new InvalidOperationException($"pack {PackId} has no free seat: {Issued} of {Quantity} are taken");
        Issued++;
    }

    /// <summary>A CAL that this license server issued and whose row is gone takes its seat again, also beyond the pool.</summary>
    public void AdoptSeat() => Issued++;

    public void ReturnSeat() => Issued--;

    public void Revoke(DateTimeOffset at, string reason) => (RevokedAt, RevocationReason) = (at, reason);

    public void LiftRevocation() => (RevokedAt, RevocationReason) = (null, null);

    /// <summary>The same pack, signed by another issuing key.</summary>
    public void SignAgain(byte[] statement, byte[] issuingCertificate) => (Statement, IssuingCertificate) = (statement, issuingCertificate);
}

/// <summary>CALs on their way from an agreement (table <c>draws</c>): what makes a repeated draw the same one. It goes when their pack is installed.</summary>
internal sealed class Draw
{
    /// <summary>SHA-256 of what is wanted, with the agreement's numbers.</summary>
    public required byte[] WantedHash { get; init; }

    /// <summary>Program, type, version and quantity.</summary>
    public required string Kind { get; init; }

    public required byte[] Nonce { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
}

/// <summary>A product key on its way (table <c>redemptions</c>): what makes a repeated redemption the same request. The key itself is not stored.</summary>
internal sealed class Redemption
{
    public required byte[] ProductKeyHash { get; init; }

    public required byte[] Nonce { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
}
