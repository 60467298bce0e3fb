using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Clearinghouse.Files;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Clearinghouse.Ceremony;

/// <summary>
/// Makes a publisher's keys: the root (25 years; its key goes offline afterwards), the issuing key (12 years, signs for 2), and the keys under
/// which the clearinghouse's database keeps product keys.
/// </summary>
/// <remarks>
/// Files, in this order:
/// <list type="number">
/// <item><c>root/root.key</c> (PKCS#8, PEM, 0600) and <c>root/root.pem</c>;</item>
/// <item><c>signer/issuing.key</c> (PKCS#8, PEM, 0600), <c>signer/issuing.pem</c> and <c>signer/root.pem</c>;</item>
/// <item><c>clearinghouse/product-key.key</c> (0600) and <c>clearinghouse/root.pem</c>.</item>
/// </list>
/// A file that is there is never written over: it is checked against the others and kept. So the ceremony can be run again after a crash and
/// makes what is missing; run after its end it makes nothing, also when <c>root.key</c> has been taken away.
/// </remarks>
public static partial class RootCeremony
{
    public const int RootYears = 25;

    /// <summary>Characters in a publisher's name; RFC 5280 allows 64 in a common name, and ours has a word behind it.</summary>
    public const int MaxPublisherLength = 40;

    private const string RootKeyFile = "root.key";
    private const string RootCertificateFile = "root.pem";
    private const string NextKeyFile = "issuing-next.key";
    private const string NextCertificateFile = "issuing-next.pem";

    /// <param name="rootDirectory">Where the root is made; best a medium that is taken away afterwards.</param>
    /// <param name="signerDirectory">The state directory of the signer.</param>
    /// <param name="clearinghouseDirectory">The state directory of the clearinghouse.</param>
    /// <param name="publisher">The publisher's name, 1 to 40 characters.</param>
    /// <param name="now">The time of the ceremony; certificates begin at 00:00Z of that day.</param>
    /// <exception cref="CeremonyException">A file that is there does not fit the others, or the root key that is needed is not there.</exception>
    public static CeremonyRecord Perform(string rootDirectory, string signerDirectory, string clearinghouseDirectory, string publisher, DateTimeOffset now)
    {
        if (CheckPublisher(publisher) is { } error)
            throw new CeremonyException($"the publisher's name {error}");
        var files = new List<CeremonyFile>();
        var begin = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        foreach (var directory in new[] { rootDirectory, signerDirectory, clearinghouseDirectory })
            PrivateFile.MakeDirectory(directory);

        using var root = MakeRoot(rootDirectory, publisher, begin, files);
        using var issuing = MakeIssuing(rootDirectory, root, signerDirectory, publisher, begin, files);
        Publish(signerDirectory, rootDirectory, root, files);
        MakeProductKeySecrets(clearinghouseDirectory, files);
        Publish(clearinghouseDirectory, rootDirectory, root, files);

        return new(
            publisher, KeyFingerprint.Of(root), root.NotBefore.ToUniversalTime(), root.NotAfter.ToUniversalTime(),
            KeyFingerprint.Of(issuing), issuing.NotAfter.ToUniversalTime(), IssuingKey.SignsUntil(issuing), files);
    }

    /// <summary>
    /// Follows the issuing key by another: 1. <c>issuing-next.key</c> and <c>issuing-next.pem</c> are made; 2. a copy of the old certificate is kept under
    /// its key id; 3. the next key takes the old one's place, which is the old one's end; 4. the signer's copy of the root is the one that signed the next
    /// certificate; 5. so does the next certificate. What the old key signed stays good. Run again after a crash it goes on where it was. The signer uses the
    /// new key from its next start on.
    /// </summary>
    /// <param name="rootDirectory">Where the root key is.</param>
    /// <param name="signerDirectory">The state directory of the signer, which does not run.</param>
    /// <param name="now">The time of the ceremony.</param>
    /// <exception cref="CeremonyException">A file is missing or does not fit the others.</exception>
    public static CeremonyRecord RotateIssuing(string rootDirectory, string signerDirectory, DateTimeOffset now) => RotateIssuing(rootDirectory, signerDirectory, now, null);

    // For tests: afterStep is called after each step, and may throw as a crash would end it.
    internal static CeremonyRecord RotateIssuing(string rootDirectory, string signerDirectory, DateTimeOffset now, Action<int>? afterStep)
    {
        var (keyPath, certificatePath) = (Path.Combine(signerDirectory, IssuingKey.KeyFile), Path.Combine(signerDirectory, IssuingKey.CertificateFile));
        var (nextKeyPath, nextCertificatePath) = (Path.Combine(signerDirectory, NextKeyFile), Path.Combine(signerDirectory, NextCertificateFile));
        var rootPath = Path.Combine(rootDirectory, RootCertificateFile);
        foreach (var path in new[] { keyPath, certificatePath, rootPath })
            if (!File.Exists(path))
                throw new CeremonyException($"{path} is not there; the root ceremony comes first");
        using var held = StateLock.Take(signerDirectory);
        using var root = X509CertificateLoader.LoadCertificateFromFile(rootPath);
        using var old = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
        var publisher = PublisherOf(root);
        var files = new List<CeremonyFile>();
        if (!File.Exists(nextCertificatePath))
        {
            using var rootKey = ReadKey(Path.Combine(rootDirectory, RootKeyFile));
            if (KeyFingerprint.Of(rootKey) != KeyFingerprint.Of(root) || !IsOfTheseRoots(old, rootDirectory))
                throw new CeremonyException($"{rootDirectory} does not hold the root of {certificatePath}; nothing was written");
            var begin = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
            using var nextKey = ReadOrMakeKey(nextKeyPath, "next issuing key", files);
            using var made = Signed(
                CertificateProfiles.Issuing(root, publisher, nextKey.ExportSubjectPublicKeyInfo(), NewSerial(), begin, begin.AddYears(IssuingKey.CertificateYears)), rootKey);
            PrivateFile.Create(nextCertificatePath, Pem(made), PrivateFile.Readable);
        }

        afterStep?.Invoke(1);

        using var next = X509CertificateLoader.LoadCertificateFromFile(nextCertificatePath);
        var kept = Path.Combine(signerDirectory, $"issuing-{KeyFingerprint.Of(old).KeyId:x8}.pem");
        PrivateFile.Replace(kept, Pem(old), PrivateFile.Readable);
        afterStep?.Invoke(2);
        if (File.Exists(nextKeyPath))
            File.Move(nextKeyPath, keyPath, overwrite: true);
        using (var inPlace = ReadKey(keyPath))
            if (KeyFingerprint.Of(inPlace) != KeyFingerprint.Of(next))
                throw new CeremonyException($"{keyPath} is not the key of {nextCertificatePath}; put the one that fits in its place");
        afterStep?.Invoke(3);
        PrivateFile.Replace(Path.Combine(signerDirectory, IssuingKey.RootFile), Pem(root), PrivateFile.Readable);
        afterStep?.Invoke(4);
        File.Move(nextCertificatePath, certificatePath, overwrite: true);
        files.Clear();
        files.Add(new(kept, "certificate of the key that is followed: keep it published", true));
        files.Add(new(keyPath, "issuing key: stays with the signer", true));
        files.Add(new(certificatePath, "issuing certificate", true));
        return new(
            publisher, KeyFingerprint.Of(root), root.NotBefore.ToUniversalTime(), root.NotAfter.ToUniversalTime(),
            KeyFingerprint.Of(next), next.NotAfter.ToUniversalTime(), IssuingKey.SignsUntil(next), files);
    }

    /// <summary>What is wrong with a publisher's name; null when it is right.</summary>
    public static string? CheckPublisher(string? publisher)
    {
        if (string.IsNullOrWhiteSpace(publisher))
            return "is required";
        if (publisher.Length > MaxPublisherLength)
            return $"has {publisher.Length} characters; at most {MaxPublisherLength} are taken";
        return publisher.Any(character => char.IsControl(character) || character is '"' or '\\')
            ? "holds a control character, a quotation mark or a backslash"
            : null;
    }

    /// <summary>The publisher's name that a root's subject gives.</summary>
    internal static string PublisherOf(X509Certificate2 root)
    {
        var name = root.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return name.EndsWith(CertificateNameEnd, StringComparison.Ordinal) ? name[..^CertificateNameEnd.Length] : name;
    }

    private const string CertificateNameEnd = " Ostiary root";

    private static X509Certificate2 MakeRoot(string directory, string publisher, DateTimeOffset begin, List<CeremonyFile> files)
    {
        var certificatePath = Path.Combine(directory, RootCertificateFile);
        var keyPath = Path.Combine(directory, RootKeyFile);
        if (File.Exists(certificatePath))
        {
            var found = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
            if (PublisherOf(found) != publisher)
                throw new CeremonyException($"{certificatePath} is the root of \"{PublisherOf(found)}\", not of \"{publisher}\"; nothing was written");
            if (File.Exists(keyPath))
            {
                using var key = ReadKey(keyPath);
                if (KeyFingerprint.Of(key) != KeyFingerprint.Of(found))
                    throw new CeremonyException($"{keyPath} is not the key of {certificatePath}; nothing was written");
                files.Add(new(keyPath, "root key: take it offline", false));
            }

            files.Add(new(certificatePath, "root certificate: publish it", false));
            return found;
        }

        using var rootKey = ReadOrMakeKey(keyPath, "root key: take it offline", files);
        var root = Signed(CertificateProfiles.Root(publisher, rootKey, NewSerial(), begin, begin.AddYears(RootYears)), rootKey);
        PrivateFile.Create(certificatePath, Pem(root), PrivateFile.Readable);
        files.Add(new(certificatePath, "root certificate: publish it", true));
        return root;
    }

    private static X509Certificate2 MakeIssuing(
        string rootDirectory, X509Certificate2 root, string directory, string publisher, DateTimeOffset begin, List<CeremonyFile> files)
    {
        var certificatePath = Path.Combine(directory, IssuingKey.CertificateFile);
        var keyPath = Path.Combine(directory, IssuingKey.KeyFile);
        if (File.Exists(certificatePath))
        {
            var found = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
            using var key = ReadKey(keyPath);
            if (KeyFingerprint.Of(key) != KeyFingerprint.Of(found))
                throw new CeremonyException($"{keyPath} is not the key of {certificatePath}; nothing was written");
            if (!IsOfTheseRoots(found, rootDirectory))
                throw new CeremonyException($"{certificatePath} is not signed by this root; nothing was written");
            files.Add(new(keyPath, "issuing key: stays with the signer", false));
            files.Add(new(certificatePath, "issuing certificate", false));
            return found;
        }

        var rootKeyPath = Path.Combine(rootDirectory, RootKeyFile);
        if (!File.Exists(rootKeyPath))
            throw new CeremonyException($"{rootKeyPath} is not there, and the issuing certificate cannot be signed without it");
        using var rootKey = ReadKey(rootKeyPath);
        using var issuingKey = ReadOrMakeKey(keyPath, "issuing key: stays with the signer", files);
        var fields = CertificateProfiles.Issuing(
            root, publisher, issuingKey.ExportSubjectPublicKeyInfo(), NewSerial(), begin, begin.AddYears(IssuingKey.CertificateYears));
        var issuing = Signed(fields, rootKey);
        PrivateFile.Create(certificatePath, Pem(issuing), PrivateFile.Readable);
        files.Add(new(certificatePath, "issuing certificate", true));
        return issuing;
    }

    private static void Publish(string directory, string rootDirectory, X509Certificate2 root, List<CeremonyFile> files)
    {
        var path = Path.Combine(directory, RootCertificateFile);
        var made = !File.Exists(path);
        if (made)
            PrivateFile.Create(path, Pem(root), PrivateFile.Readable);
        using var found = X509CertificateLoader.LoadCertificateFromFile(path);
        // After a rotation the root before stands there: what is known of it leads on to the newest.
        if (!RootsIn(rootDirectory).Any(known => found.RawDataMemory.Span.SequenceEqual(known.RawDataMemory.Span)))
            throw new CeremonyException($"{path} is another root; nothing was written over it");
        files.Add(new(path, "copy of the root certificate", made));
    }

    private static void MakeProductKeySecrets(string directory, List<CeremonyFile> files)
    {
        var path = Path.Combine(directory, ProductKeySecrets.FileName);
        var made = !File.Exists(path);
        if (made)
            PrivateFile.Create(path, RandomNumberGenerator.GetBytes(ProductKeySecrets.FileLength));
        files.Add(new(path, "keys of the product keys: back them up apart from the database", made));
    }

    private static ECDsa ReadOrMakeKey(string path, string what, List<CeremonyFile> files)
    {
        var made = !File.Exists(path);
        if (made)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            PrivateFile.Create(path, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        }

        files.Add(new(path, what, made));
        return ReadKey(path);
    }

    private static ECDsa ReadKey(string path)
    {
        try
        {
            return IssuingKey.ReadKey(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CeremonyException($"{path} cannot be read as a key: {unreadable.Message}", unreadable);
        }
    }

    private static X509Certificate2 Signed(CertificateFields fields, ECDsa signer)
    {
        var toBeSigned = fields.ToBeSigned();
        return X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(toBeSigned, CertificateFields.Sign(toBeSigned, signer)));
    }

    private static byte[] NewSerial() => CertificateFields.MakeSerial(RandomNumberGenerator.GetBytes(CertificateFields.SerialLength));

    private static byte[] Pem(X509Certificate2 certificate) => Encoding.ASCII.GetBytes(CertificateChain.ToPem([certificate]));
}

/// <summary>A ceremony cannot go on; the message says which file is at fault.</summary>
public sealed class CeremonyException(string message, Exception? cause = null) : Exception(message, cause);
