using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>
/// Makes the to-be-signed bytes of Device CALs, the same as <see cref="CertificateProfiles.DeviceCal"/> makes, in a fraction of its time:
/// the writer makes them between two database statements, and names, keys and extensions are the same in every CAL of a pack.
/// One CAL is made by the profile with marks for serial, dates and digest; every other is a copy with these places filled.
/// </summary>
internal sealed class CalTemplates(X509Certificate2 licenseServer, KeyFingerprint fingerprint, IReadOnlyList<Predecessor>? predecessors = null)
{
    private static readonly DateTimeOffset LastUtcTime = new(2049, 12, 31, 23, 59, 59, TimeSpan.Zero);

    private readonly ConcurrentDictionary<(CalVersion Version, Guid PackId), Template> _templates = [];

    /// <summary>The license server's certificate, which no CAL outlives.</summary>
    public DateTimeOffset Until { get; } = licenseServer.NotAfter.ToUniversalTime();

    /// <param name="version">The CAL's version.</param>
    /// <param name="packId">The key pack; null for a temporary CAL.</param>
    /// <param name="hardwareId">The device's 20 bytes.</param>
    /// <param name="serial">Its serial number.</param>
    /// <param name="notBefore">To the second.</param>
    /// <param name="notAfter">To the second, not after <see cref="Until"/>.</param>
    public byte[] Make(CalVersion version, Guid? packId, ReadOnlySpan<byte> hardwareId, CalSerial serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var digest = DeviceCalData.DigestHardwareId(fingerprint, hardwareId);
        if (notAfter > LastUtcTime)
            return ByProfile(version, packId, digest, serial.ToBytes(), notBefore, notAfter);
        var template = _templates.GetOrAdd((version, packId ?? Guid.Empty), _ => new(mark => ByProfile(version, packId, mark.Digest, mark.Serial, mark.NotBefore, mark.NotAfter)));
        return template.Fill(digest, serial.ToBytes(), notBefore, notAfter);
    }

    /// <summary>Whether a CAL is this very key's: the same fields under another one give other bytes.</summary>
    /// <param name="cal">Of a row.</param>
    /// <param name="alone">Compares also where there is no other key that can have made it.</param>
    public bool IsMadeBy(Cal cal, bool alone = false)
        => (predecessors is not { Count: > 0 } && !alone)
            || cal.ToBeSigned.AsSpan().SequenceEqual(Make(cal.Version, (cal as License)?.PackId, cal.HardwareId, cal.Serial, cal.NotBefore, cal.NotAfter));

    /// <summary>Somebody else has, or may have, a key that CALs here are of: CALs that are not this very key's are not left with their devices.</summary>
    public bool FollowStolenKey { get; } = predecessors?.Any(before => !before.Proves) ?? false;

    private byte[] ByProfile(CalVersion version, Guid? packId, byte[] digest, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => CertificateProfiles.DeviceCal(licenseServer, new(version, packId is null, packId ?? Guid.Empty, digest), serial, notBefore, notAfter).ToBeSigned();

    private sealed record Marks(byte[] Digest, byte[] Serial, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

    private sealed class Template
    {
        private readonly byte[] _bytes;
        private readonly int _digest;
        private readonly int _serial;
        private readonly int _subject;
        private readonly int _notBefore;
        private readonly int _notAfter;

        public Template(Func<Marks, byte[]> make)
        {
            // Dates before any license server's own, so that the profile does not shorten them.
            var marks = new Marks(
                RandomNumberGenerator.GetBytes(DeviceCalData.DigestLength), CalSerial.Draw(DateTimeOffset.UnixEpoch).ToBytes(),
                new(1971, 2, 3, 4, 5, 6, TimeSpan.Zero), new(1972, 3, 4, 5, 6, 7, TimeSpan.Zero));
            _bytes = make(marks);
            _digest = Find(marks.Digest);
            _serial = Find(marks.Serial);
            _subject = Find(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(marks.Serial)));
            _notBefore = Find(Encoding.ASCII.GetBytes(UtcTime(marks.NotBefore)));
            _notAfter = Find(Encoding.ASCII.GetBytes(UtcTime(marks.NotAfter)));
        }

        public byte[] Fill(byte[] digest, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        {
            var bytes = (byte[])_bytes.Clone();
            digest.CopyTo(bytes, _digest);
            serial.CopyTo(bytes, _serial);
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(serial), bytes.AsSpan(_subject));
            Encoding.ASCII.GetBytes(UtcTime(notBefore), bytes.AsSpan(_notBefore));
            Encoding.ASCII.GetBytes(UtcTime(notAfter), bytes.AsSpan(_notAfter));
            return bytes;
        }

        private int Find(ReadOnlySpan<byte> mark)
        {
            var at = _bytes.AsSpan().IndexOf(mark);
            if (at < 0 || _bytes.AsSpan(at + 1).IndexOf(mark) >= 0)
                throw new InvalidOperationException("the profile of Device CALs does not hold a field exactly once");
            return at;
        }

        private static string UtcTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyMMddHHmmss'Z'", CultureInfo.InvariantCulture);
    }
}
