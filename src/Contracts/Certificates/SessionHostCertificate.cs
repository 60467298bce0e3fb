using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Certificates;

/// <summary>How a session host asks for CALs.</summary>
public enum LicensingMode
{
    PerDevice = 0,
    PerUser = 1,
}

/// <summary>What a session host's certificate says of the host: extension <see cref="OstiaryOids.SessionHostData"/>.</summary>
/// <param name="HostId">The host's number at its license server.</param>
/// <param name="Version">The host's version, set in its invitation.</param>
/// <param name="Mode">The host's licensing mode, set in its invitation.</param>
public sealed record SessionHostData(Guid HostId, CalVersion Version, LicensingMode Mode)
{
    private const int FormatVersion = 1;

    internal byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(FormatVersion);
            writer.WriteOctetString(HostId.ToByteArray(bigEndian: true));
            writer.WriteInteger(Version.Year);
            writer.WriteEnumeratedValue(Mode);
        }

        return writer.Encode();
    }

    internal static SessionHostData? Decode(byte[] encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        if (!reader.TryReadInt32(out var format) || format != FormatVersion)
            return null;
        var id = reader.ReadOctetString();
        return id.Length == 16 && reader.TryReadInt32(out var year)
            ? new(new Guid(id, bigEndian: true), new(year), reader.ReadEnumeratedValue<LicensingMode>())
            : null;
    }
}

/// <summary>Reads session-host certificates.</summary>
public static class SessionHostCertificate
{
    /// <summary>What the certificate says, if it is one of a session host; its signature and dates are the caller's to check.</summary>
    public static bool TryRead(X509Certificate2 certificate, [NotNullWhen(true)] out SessionHostData? data)
    {
        data = null;
        if (!CertificateProfiles.HasOnlyUsage(certificate, OstiaryOids.SessionHostUsage)
            || certificate.Extensions[OstiaryOids.SessionHostData] is not { } extension)
            return false;
        try
        {
            data = SessionHostData.Decode(extension.RawData);
        }
        catch (AsnContentException)
        {
            return false;
        }

        return data is not null;
    }
}
