namespace Ostiary.LicenseServer.Storage;

/// <summary>Key packs that this license server has signed away (table <c>transfers</c>), with what travels along: the same file at every call.</summary>
internal sealed class OutgoingTransfer
{
    public required Guid TransferId { get; init; }

    /// <summary>The License Server ID that they are for.</summary>
    public required string Target { get; init; }

    /// <summary>What is signed; deterministic CBOR.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>See <see cref="Contracts.Administration.TransferRows"/>.</summary>
    public required byte[] Rows { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>When it was taken back; null where it was not.</summary>
    public DateTimeOffset? UndoneAt { get; set; }

    public long LedgerNumber { get; set; }
}

/// <summary>Key packs that were another license server's (table <c>receptions</c>).</summary>
internal sealed class Reception
{
    public required Guid TransferId { get; init; }

    /// <summary>The key of the license server that had them, 64 hexadecimal digits.</summary>
    public required string Source { get; init; }

    /// <summary>Its certificate and those above it, PEM: its CALs are recognised by it.</summary>
    public required string SourceCertificates { get; init; }

    /// <summary>As it was signed.</summary>
    public required byte[] Statement { get; init; }

    /// <summary>CALs that came along and took a seat.</summary>
    public required int Cals { get; init; }

    /// <summary>CALs that came along for devices and persons that held one here already.</summary>
    public required int Left { get; init; }

    /// <summary>The numbers of the key packs here, separated by spaces.</summary>
    public required string KeyPacks { get; init; }

    public required DateTimeOffset At { get; init; }

    public long LedgerNumber { get; set; }
}
