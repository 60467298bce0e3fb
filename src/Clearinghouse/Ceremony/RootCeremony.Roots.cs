using System.Security.Cryptography.X509Certificates;
using Ostiary.Clearinghouse.Files;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Clearinghouse.Ceremony;

/// <summary>The root is followed by another.</summary>
public static partial class RootCeremony
{
    /// <summary>In the clearinghouse's state directory: all roots and cross certificates, oldest first, PEM.</summary>
    public const string TrustFile = "trust.pem";

    private const string NextRootKeyFile = "root-next.key";
    private const string NextRootCertificateFile = "root-next.pem";
    private const string RootsPattern = "root-????????.pem";
    private const string CrossesPattern = "cross-????????.pem";

    /// <summary>
    /// Follows the root by another: 1. <c>root-next.key</c>, then <c>root-next.pem</c> are made; 2. <c>cross-KEYID.pem</c>: the new root's key, signed by the old
    /// root; 3. a copy of the old certificate is kept under its key id; 4. the clearinghouse's <see cref="TrustFile"/> has both, and gives them out at once;
    /// 5. the old key is kept under its key id, and the next key takes its place; 6. so does the next certificate. Run again after a crash it goes on where it was.
    /// The issuing key stays until it is followed by one that the new root certifies (<see cref="RotateIssuing(string, string, DateTimeOffset)"/>); those who follow know the new root by then.
    /// </summary>
    /// <param name="rootDirectory">Where the root key is.</param>
    /// <param name="clearinghouseDirectory">The state directory of the clearinghouse, which may run.</param>
    /// <param name="now">The time of the ceremony.</param>
    /// <exception cref="CeremonyException">A file is missing or does not fit the others.</exception>
    public static RootRotationRecord RotateRoot(string rootDirectory, string clearinghouseDirectory, DateTimeOffset now)
        => RotateRoot(rootDirectory, clearinghouseDirectory, now, null);

    // For tests: afterStep is called after each step, and may throw as a crash would end it.
    internal static RootRotationRecord RotateRoot(string rootDirectory, string clearinghouseDirectory, DateTimeOffset now, Action<int>? afterStep)
    {
        var (keyPath, certificatePath) = (Path.Combine(rootDirectory, RootKeyFile), Path.Combine(rootDirectory, RootCertificateFile));
        var (nextKeyPath, nextCertificatePath) = (Path.Combine(rootDirectory, NextRootKeyFile), Path.Combine(rootDirectory, NextRootCertificateFile));
        var publishedPath = Path.Combine(clearinghouseDirectory, RootCertificateFile);
        foreach (var path in new[] { certificatePath, publishedPath })
            if (!File.Exists(path))
                throw new CeremonyException($"{path} is not there; the root ceremony comes first");
        using var old = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
        using (var published = X509CertificateLoader.LoadCertificateFromFile(publishedPath))
            if (!RootsIn(rootDirectory).Any(known => KeyFingerprint.Of(known) == KeyFingerprint.Of(published)))
                throw new CeremonyException($"{publishedPath} is not a root of {rootDirectory}; nothing was written");
        var files = new List<CeremonyFile>();
        if (File.Exists(nextKeyPath) || !File.Exists(nextCertificatePath))
            MakeNextRoot(rootDirectory, old, now, files);
        afterStep?.Invoke(1);

        using var next = X509CertificateLoader.LoadCertificateFromFile(nextCertificatePath);
        var crossPath = Path.Combine(rootDirectory, $"cross-{KeyFingerprint.Of(next).KeyId:x8}.pem");
        if (!File.Exists(crossPath))
            MakeCross(keyPath, crossPath, old, next, now);
        using var cross = X509CertificateLoader.LoadCertificateFromFile(crossPath);
        if (!RootCertificates.IsCrossOf(old, cross) || KeyFingerprint.Of(cross) != KeyFingerprint.Of(next) || !RootCertificates.IsRoot(next))
            throw new CeremonyException($"{crossPath} is not the cross certificate of {nextCertificatePath} by {certificatePath}");
        afterStep?.Invoke(2);

        var oldId = $"{KeyFingerprint.Of(old).KeyId:x8}";
        PrivateFile.Replace(Path.Combine(rootDirectory, $"root-{oldId}.pem"), Pem(old), PrivateFile.Readable);
        afterStep?.Invoke(3);
        var trustPath = Path.Combine(clearinghouseDirectory, TrustFile);
        PrivateFile.Replace(
            trustPath, System.Text.Encoding.ASCII.GetBytes(CertificateChain.ToPem([.. RootsIn(rootDirectory), next, .. CrossesIn(rootDirectory)])), PrivateFile.Readable);
        afterStep?.Invoke(4);
        var oldKeyPath = Path.Combine(rootDirectory, $"root-{oldId}.key");
        if (File.Exists(nextKeyPath))
        {
            PrivateFile.Replace(oldKeyPath, File.ReadAllBytes(keyPath));
            File.Move(nextKeyPath, keyPath, overwrite: true);
        }

        using (var inPlace = ReadKey(keyPath))
            if (KeyFingerprint.Of(inPlace) != KeyFingerprint.Of(next))
                throw new CeremonyException($"{keyPath} is not the key of {nextCertificatePath}; put the one that fits in its place");
        afterStep?.Invoke(5);
        File.Move(nextCertificatePath, certificatePath, overwrite: true);
        return new(
            PublisherOf(next), KeyFingerprint.Of(old), KeyFingerprint.Of(next), next.NotBefore.ToUniversalTime(), next.NotAfter.ToUniversalTime(), cross.NotAfter.ToUniversalTime(),
            [
                new(keyPath, "new root key: take it offline", true),
                new(certificatePath, "new root certificate: publish it", true),
                new(crossPath, "new root signed by the old one: keep it published", true),
                new(oldKeyPath, "old root key: signs nothing any more; destroy it when all follow", true),
                new(Path.Combine(rootDirectory, $"root-{oldId}.pem"), "old root certificate: keep it published", true),
                new(trustPath, "what license servers and hosts follow", true),
            ]);
    }

    /// <summary>The roots of a directory: those that were followed, and the one in use. The caller may leave them to the collector.</summary>
    private static List<X509Certificate2> RootsIn(string directory)
        => [.. Directory.GetFiles(directory, RootsPattern).Append(Path.Combine(directory, RootCertificateFile)).Where(File.Exists).Select(X509CertificateLoader.LoadCertificateFromFile)
            .DistinctBy(KeyFingerprint.Of).OrderBy(root => root.NotBefore)];

    private static IEnumerable<X509Certificate2> CrossesIn(string directory)
        => Directory.GetFiles(directory, CrossesPattern).Select(X509CertificateLoader.LoadCertificateFromFile).OrderBy(cross => cross.NotBefore);

    private static bool IsOfTheseRoots(X509Certificate2 issuing, string rootDirectory) => RootsIn(rootDirectory).Any(root => DeviceCal.IsSignedBy(issuing, root));

    private static void MakeNextRoot(string directory, X509Certificate2 old, DateTimeOffset now, List<CeremonyFile> files)
    {
        using (var oldKey = ReadKey(Path.Combine(directory, RootKeyFile)))
            if (KeyFingerprint.Of(oldKey) != KeyFingerprint.Of(old))
                throw new CeremonyException($"{Path.Combine(directory, RootKeyFile)} is not the key of {RootCertificateFile} beside it; nothing was written");
        using var key = ReadOrMakeKey(Path.Combine(directory, NextRootKeyFile), "next root key", files);
        var path = Path.Combine(directory, NextRootCertificateFile);
        if (File.Exists(path))
            return;
        var begin = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        using var made = Signed(
            CertificateProfiles.Root(old.SubjectName.RawData, key.ExportSubjectPublicKeyInfo(), NewSerial(), begin, begin.AddYears(RootYears)), key);
        PrivateFile.Create(path, Pem(made), PrivateFile.Readable);
    }

    private static void MakeCross(string keyPath, string crossPath, X509Certificate2 old, X509Certificate2 next, DateTimeOffset now)
    {
        using var key = ReadKey(keyPath);
        if (KeyFingerprint.Of(key) != KeyFingerprint.Of(old))
            throw new CeremonyException($"{keyPath} is not the old root's key, and the new root cannot be signed without it");
        var begin = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        using var made = Signed(CertificateProfiles.Cross(old, next.PublicKey.ExportSubjectPublicKeyInfo(), NewSerial(), begin, next.NotAfter.ToUniversalTime()), key);
        PrivateFile.Create(crossPath, Pem(made), PrivateFile.Readable);
    }
}

/// <summary>What a rotation of the root made: what is printed, signed by those present and kept.</summary>
/// <param name="Publisher">The publisher's name.</param>
/// <param name="Old">The root that is followed.</param>
/// <param name="Root">The root that follows.</param>
/// <param name="NotBefore">First second of the new root.</param>
/// <param name="NotAfter">Last second of the new root.</param>
/// <param name="FollowedUntil">Last second at which whoever knows only the old root can follow.</param>
/// <param name="Files">Every file of the ceremony.</param>
public sealed record RootRotationRecord(
    string Publisher, KeyFingerprint Old, KeyFingerprint Root, DateTimeOffset NotBefore, DateTimeOffset NotAfter, DateTimeOffset FollowedUntil, IReadOnlyList<CeremonyFile> Files);
