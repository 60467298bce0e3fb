using System.Buffers.Binary;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A key pack as it is read aloud on the telephone: what a license server does not know of it yet, and the signature. Type, version and quantity
/// stand in the product key, and the pack's number follows from product key and license server, so both sides build the same payload.
/// </summary>
/// <param name="Day">Days since 1970-01-01; the pack is issued at 00:00Z of that day.</param>
/// <param name="KeyId">The issuing key; see <see cref="KeyFingerprint.KeyId"/>.</param>
/// <param name="Program">See <see cref="LicenseProgram.Code"/>.</param>
/// <param name="EndDay">The day at whose 00:00Z it ends; 0 for a perpetual one.</param>
/// <param name="Signature">64 bytes: r and s (IEEE P1363).</param>
public sealed record KeyPackAnswer(ushort Day, uint KeyId, byte Program, ushort EndDay, byte[] Signature)
{
    /// <summary>Bytes of <see cref="Encode"/>.</summary>
    public const int Length = SignatureLength + sizeof(ushort) + sizeof(uint) + 1 + sizeof(ushort);

    private const int SignatureLength = 64;

    /// <summary>The number of the pack that a product key makes on a license server (a UUID of version 8, RFC 9562 section 5.8).</summary>
    public static Guid PackIdOf(ProductKey productKey, KeyFingerprint licenseServer)
    {
        var bytes = SHA256.HashData([.. "Ostiary key pack"u8, .. Encoding.ASCII.GetBytes(productKey.Text), .. licenseServer.Bytes]).AsSpan(0, 16);
        bytes[6] = (byte)(0x80 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new(bytes, bigEndian: true);
    }

    /// <summary>What is read aloud of a signed key pack.</summary>
    /// <param name="message">The signed <see cref="KeyPackStatement"/>.</param>
    /// <param name="issuing">Whose key signed it.</param>
    /// <exception cref="CborContentException">The message is none.</exception>
    /// <exception cref="ArgumentException">It cannot be said on the telephone: a time that is no whole day, or a program that has no number.</exception>
    public static KeyPackAnswer Of(byte[] message, X509Certificate2 issuing)
    {
        if (!Statement.TryReadUnverified(message, out var payload))
            throw new CborContentException("the message is no COSE_Sign1");
        var pack = KeyPackStatement.Decode(payload);
        var program = LicenseProgram.Find(pack.Program) ?? throw new ArgumentException($"the program {pack.Program} has no number", nameof(message));
        return new(DayOf(pack.IssuedAt), KeyFingerprint.Of(issuing).KeyId, program.Code, pack.ExpiresAt is { } end ? DayOf(end) : (ushort)0, Statement.SignatureOf(message));
    }

    /// <summary>Signature, day, key id, program and end, big-endian.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Length];
        Signature.CopyTo(bytes, 0);
        var fields = bytes.AsSpan(SignatureLength);
        BinaryPrimitives.WriteUInt16BigEndian(fields, Day);
        BinaryPrimitives.WriteUInt32BigEndian(fields[2..], KeyId);
        fields[6] = Program;
        BinaryPrimitives.WriteUInt16BigEndian(fields[7..], EndDay);
        return bytes;
    }

    /// <summary>Reads <see cref="Encode"/>; whether it means anything says <see cref="TryAssemble"/>.</summary>
    /// <param name="bytes"><see cref="Length"/> bytes.</param>
    public static KeyPackAnswer Decode(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        var fields = bytes[SignatureLength..];
        return new(
            BinaryPrimitives.ReadUInt16BigEndian(fields), BinaryPrimitives.ReadUInt32BigEndian(fields[2..]), fields[6], BinaryPrimitives.ReadUInt16BigEndian(fields[7..]),
            bytes[..SignatureLength].ToArray());
    }

    /// <summary>The signed statement, COSE_Sign1, the same bytes as by any other way, if the signature is the issuing key's; null otherwise.</summary>
    /// <param name="productKey">What was redeemed.</param>
    /// <param name="licenseServer">Whose the pack is.</param>
    /// <param name="issuing">Whose key signed it.</param>
    /// <param name="redeemedBy">The key that the license server had when it redeemed it, and that the pack's number follows from; null for the same one.</param>
    public byte[]? TryAssemble(ProductKey productKey, KeyFingerprint licenseServer, X509Certificate2 issuing, KeyFingerprint? redeemedBy = null)
    {
        var signer = KeyFingerprint.Of(issuing);
        if (Signature.Length != SignatureLength || signer.KeyId != KeyId || !LicenseProgram.TryFind(Program, out var program))
            return null;
        var payload = new KeyPackStatement(
            PackIdOf(productKey, redeemedBy ?? licenseServer), licenseServer, productKey.Type, productKey.Version, productKey.Quantity, program.Name,
            DateTimeOffset.UnixEpoch.AddDays(Day), EndDay == 0 ? null : DateTimeOffset.UnixEpoch.AddDays(EndDay)).Encode();
        var message = Statement.Assemble(payload, signer, Signature);
        using var key = issuing.GetECDsaPublicKey();
        return key is not null && Statement.TryVerify(message, key, out _) ? message : null;
    }

    private static ushort DayOf(DateTimeOffset time)
        => time.UtcDateTime.TimeOfDay == TimeSpan.Zero ? checked((ushort)(time - DateTimeOffset.UnixEpoch).Days) : throw new ArgumentException($"{time:u} is no whole day", nameof(time));
}
