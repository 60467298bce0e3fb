using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>
/// What the signer signs. A certificate is read into its few free fields and written anew by its profile: only bytes that come out the same are
/// signed, so that nothing but the profile can be in them. Key packs, grace extensions, times, revocation lists, successions, deactivations and audit heads are treated likewise. Pure: the caller gives the time.
/// </summary>
internal static class SigningRules
{
    public const int MaxLicenseServerYears = 10;
    public const int MaxTlsDays = 100;

    private const string P256 = "1.2.840.10045.3.1.7";

    /// <summary>Clocks of one machine may be set back a little between storing and signing.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    /// <summary>Between the clearinghouse's clock and the signer's.</summary>
    private static readonly TimeSpan TimeTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Why this is not signed; null when it is.</summary>
    public static string? CheckLicenseServer(byte[] toBeSigned, X509Certificate2 issuing, DateTimeOffset now)
        => CheckCertificate(toBeSigned, issuing, now, CertificateProfiles.LicenseServer, begin => begin.AddYears(MaxLicenseServerYears));

    /// <summary>Why this is not signed; null when it is.</summary>
    public static string? CheckClearinghouseTls(byte[] toBeSigned, X509Certificate2 issuing, DateTimeOffset now)
        => CheckCertificate(toBeSigned, issuing, now, CertificateProfiles.ClearinghouseTls, begin => begin.AddDays(MaxTlsDays));

    /// <summary>Why this is not signed; null when it is.</summary>
    public static string? CheckKeyPack(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, KeyPackStatement.Decode, statement => statement.Encode(), "key pack", out var pack) is { } malformed)
            return malformed;
        if (!pack.Version.IsKnown)
            return $"version {pack.Version} is not on the ladder";
        if (pack.IssuedAt > now + ClockTolerance || pack.IssuedAt < issuing.NotBefore.ToUniversalTime())
            return $"the key pack is dated {pack.IssuedAt:u}, which is not between the issuing certificate's begin and now";
        return pack.ExpiresAt <= pack.IssuedAt ? "the key pack ends before it begins" : null;
    }

    /// <summary>Why this is not signed; null when it is.</summary>
    public static string? CheckGraceExtension(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, GraceExtensionStatement.Decode, statement => statement.Encode(), "grace extension", out var extension) is { } malformed)
            return malformed;
        return extension.IssuedAt > now + ClockTolerance || extension.IssuedAt < issuing.NotBefore.ToUniversalTime()
            ? $"the grace extension is dated {extension.IssuedAt:u}, which is not between the issuing certificate's begin and now"
            : null;
    }

    /// <summary>Why this is not signed; null when it is. The signer's own clock says whether it is that time.</summary>
    public static string? CheckTime(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, SignedTimeStatement.Decode, statement => statement.Encode(), "time", out var told) is { } malformed)
            return malformed;
        return (told.Now - now).Duration() > TimeTolerance ? $"it is {now:u} at the signer, not {told.Now:u}" : null;
    }

    /// <summary>Why this is not signed; null when it is. What a list says last is what counts, so it is signed on its day and not before.</summary>
    public static string? CheckRevocationList(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, ClearinghouseRevocationsStatement.Decode, statement => statement.Encode(), "revocation list", out var list) is { } malformed)
            return malformed;
        if ((list.IssuedAt - now).Duration() > ClockTolerance)
            return $"the revocation list is dated {list.IssuedAt:u}, and it is {now:u}";
        return list.LicenseServers.Select(entry => entry.RevokedAt).Concat(list.KeyPacks.Select(entry => entry.RevokedAt)).Any(at => at > list.IssuedAt)
            ? "an entry of the revocation list is later than the list" : null;
    }

    /// <summary>Why this is not signed; null when it is. In good order the old key signs it, not the issuing key.</summary>
    public static string? CheckSuccession(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, SuccessionStatement.Decode, statement => statement.Encode(), "succession", out var succession) is { } malformed)
            return malformed;
        if (succession.Cause == SuccessionCause.Planned)
            return "a succession in good order is signed by the old key";
        return succession.IssuedAt > now + ClockTolerance || succession.IssuedAt < issuing.NotBefore.ToUniversalTime()
            ? $"the succession is dated {succession.IssuedAt:u}, which is not between the issuing certificate's begin and now"
            : null;
    }

    /// <summary>Why this is not signed; null when it is.</summary>
    public static string? CheckAuditHead(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, AuditHeadStatement.Decode, statement => statement.Encode(), "audit head", out var head) is { } malformed)
            return malformed;
        return (head.At - now).Duration() > ClockTolerance ? $"the audit head is dated {head.At:u}, and it is {now:u}" : null;
    }

    /// <summary>Why this is not signed; null when it is. What was stored under the key before may be signed by this one.</summary>
    public static string? CheckDeactivation(byte[] payload, X509Certificate2 issuing, DateTimeOffset now)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        if (Read(payload, DeactivationStatement.Decode, statement => statement.Encode(), "deactivation", out var deactivation) is { } malformed)
            return malformed;
        return deactivation.DeactivatedAt > now + ClockTolerance ? $"the deactivation is dated {deactivation.DeactivatedAt:u}, and it is {now:u}" : null;
    }

    // Why the payload is no such statement in its one form; null when it is.
    private static string? Read<T>(byte[] payload, Func<ReadOnlyMemory<byte>, T> decode, Func<T, byte[]> encode, string what, out T statement)
        where T : class
    {
        statement = null!;
        try
        {
            statement = decode(payload);
        }
        catch (CborContentException malformed)
        {
            return malformed.Message;
        }

        return encode(statement).AsSpan().SequenceEqual(payload) ? null : $"the {what} is not in its one form";
    }

    private static string? CheckCertificate(
        byte[] toBeSigned, X509Certificate2 issuing, DateTimeOffset now,
        Func<X509Certificate2, byte[], byte[], DateTimeOffset, DateTimeOffset, CertificateFields> profile, Func<DateTimeOffset, DateTimeOffset> latestEnd)
    {
        if (CheckSigningYears(issuing, now) is { } over)
            return over;
        FreeFields fields;
        try
        {
            fields = FreeFields.Read(toBeSigned);
        }
        catch (AsnContentException malformed)
        {
            return $"not a TBSCertificate: {malformed.Message}";
        }

        if (!fields.Issuer.Span.SequenceEqual(issuing.SubjectName.RawData))
            return "the issuer is not this signer's issuing certificate";
        if (fields.Serial.Length != CertificateFields.SerialLength || !CertificateFields.MakeSerial(fields.Serial.Span).AsSpan().SequenceEqual(fields.Serial.Span))
            return $"the serial number is not a positive one of {CertificateFields.SerialLength} bytes";
        if (!IsP256(fields.SubjectPublicKeyInfo))
            return "the subject's key is not one of P-256 in its one form";
        if (fields.NotBefore < issuing.NotBefore.ToUniversalTime() || fields.NotAfter > issuing.NotAfter.ToUniversalTime())
            return "the certificate's dates are not inside those of its issuer";
        if (fields.NotBefore > now + ClockTolerance || fields.NotAfter <= fields.NotBefore || fields.NotAfter > latestEnd(fields.NotBefore))
            return $"the certificate is to run from {fields.NotBefore:u} to {fields.NotAfter:u}, which its kind does not allow now";
        var expected = profile(issuing, fields.SubjectPublicKeyInfo, fields.Serial.ToArray(), fields.NotBefore, fields.NotAfter).ToBeSigned();
        return expected.AsSpan().SequenceEqual(toBeSigned) ? null : "the certificate is not exactly what its profile writes";
    }

    private static string? CheckSigningYears(X509Certificate2 issuing, DateTimeOffset now)
    {
        var begin = issuing.NotBefore.ToUniversalTime();
        var end = IssuingKey.SignsUntil(issuing);
        return now < begin || now > end ? $"the issuing key signs from {begin:u} to {end:u}, and it is {now:u}" : null;
    }

    private static bool IsP256(byte[] subjectPublicKeyInfo)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out var read);
            return read == subjectPublicKeyInfo.Length
                && key.ExportParameters(false).Curve is { IsNamed: true } curve && curve.Oid.Value == P256
                && key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(subjectPublicKeyInfo);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The fields of a TBSCertificate that a profile does not fix.</summary>
    private sealed record FreeFields(
        ReadOnlyMemory<byte> Serial, ReadOnlyMemory<byte> Issuer, DateTimeOffset NotBefore, DateTimeOffset NotAfter, byte[] SubjectPublicKeyInfo)
    {
        private const int LastTwoDigitYear = 2049;

        public static FreeFields Read(ReadOnlyMemory<byte> toBeSigned)
        {
            var outer = new AsnReader(toBeSigned, AsnEncodingRules.DER);
            var reader = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            _ = reader.ReadEncodedValue(); // version
            var serial = reader.ReadIntegerBytes();
            _ = reader.ReadEncodedValue(); // signature
            var issuer = reader.ReadEncodedValue();
            var validity = reader.ReadSequence();
            var notBefore = ReadTime(validity);
            var notAfter = ReadTime(validity);
            _ = reader.ReadEncodedValue(); // subject
            return new(serial, issuer, notBefore, notAfter, reader.ReadEncodedValue().ToArray());
        }

        private static DateTimeOffset ReadTime(AsnReader reader)
            => reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime(LastTwoDigitYear) : reader.ReadGeneralizedTime();
    }
}
