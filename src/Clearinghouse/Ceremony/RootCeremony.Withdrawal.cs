using System.Security.Cryptography.X509Certificates;
using Ostiary.Clearinghouse.Files;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;

namespace Ostiary.Clearinghouse.Ceremony;

/// <summary>An issuing key is withdrawn.</summary>
public static partial class RootCeremony
{
    /// <summary>Beside the root, and in the clearinghouse's state directory: the list of withdrawn issuing keys, signed by the root.</summary>
    public const string WithdrawnFile = "withdrawn.cose";

    /// <summary>
    /// Withdraws an issuing key: whatever it signed is good for nothing any more, and the clearinghouse signs again what customers have. 1. The list, with its
    /// next number, is written beside the root; 2. the clearinghouse has a copy, and gives it out at once. Run again after a crash it goes on where it was;
    /// a key that is on the list is not added twice.
    /// </summary>
    /// <param name="rootDirectory">Where the root key is.</param>
    /// <param name="signerDirectory">The state directory of the signer, which may run.</param>
    /// <param name="clearinghouseDirectory">The state directory of the clearinghouse, which may run.</param>
    /// <param name="issuingKey">The key.</param>
    /// <param name="now">The time of the ceremony.</param>
    /// <exception cref="CeremonyException">The key is the one in use, or none of these; or a file is missing or does not fit the others.</exception>
    public static WithdrawalRecord WithdrawIssuing(string rootDirectory, string signerDirectory, string clearinghouseDirectory, KeyFingerprint issuingKey, DateTimeOffset now)
        => WithdrawIssuing(rootDirectory, signerDirectory, clearinghouseDirectory, issuingKey, now, null);

    // For tests: afterStep is called after each step, and may throw as a crash would end it.
    internal static WithdrawalRecord WithdrawIssuing(
        string rootDirectory, string signerDirectory, string clearinghouseDirectory, KeyFingerprint issuingKey, DateTimeOffset now, Action<int>? afterStep)
    {
        var (rootPath, issuingPath) = (Path.Combine(rootDirectory, RootCertificateFile), Path.Combine(signerDirectory, IssuingKey.CertificateFile));
        foreach (var path in new[] { rootPath, issuingPath, Path.Combine(clearinghouseDirectory, RootCertificateFile) })
            if (!File.Exists(path))
                throw new CeremonyException($"{path} is not there; the root ceremony comes first");
        if (File.Exists(Path.Combine(signerDirectory, NextCertificateFile)) || File.Exists(Path.Combine(signerDirectory, NextKeyFile)))
            throw new CeremonyException($"a rotation of the issuing key in {signerDirectory} was cut off; finish it first: ostiary clearinghouse rotate-issuing");
        using (var inUse = X509CertificateLoader.LoadCertificateFromFile(issuingPath))
            if (KeyFingerprint.Of(inUse) == issuingKey)
                throw new CeremonyException($"{issuingKey} is the issuing key in use, and nothing could be signed again without another; follow it first: ostiary clearinghouse rotate-issuing");
        if (!Directory.GetFiles(signerDirectory, "issuing-????????.pem").Any(path => IsOf(path, issuingKey)))
            throw new CeremonyException($"{signerDirectory} holds no certificate of issuing key {issuingKey}; nothing was written");

        using var root = X509CertificateLoader.LoadCertificateFromFile(rootPath);
        var (listPath, publishedPath) = (Path.Combine(rootDirectory, WithdrawnFile), Path.Combine(clearinghouseDirectory, WithdrawnFile));
        var roots = RootsIn(rootDirectory);
        var newest = new[] { listPath, publishedPath }.Select(path => ReadList(path, roots)).MaxBy(list => list?.List.Number ?? 0);
        if (newest is not { } known || !known.List.Keys.Any(key => key.IssuingKey == issuingKey))
            newest = SignList(rootDirectory, root, newest?.List, new(issuingKey, now));
        PrivateFile.Replace(listPath, newest.Value.Signed, PrivateFile.Readable);
        afterStep?.Invoke(1);
        PrivateFile.Replace(publishedPath, newest.Value.Signed, PrivateFile.Readable);
        return new(
            PublisherOf(root), KeyFingerprint.Of(root), newest.Value.List.Number, newest.Value.List.Keys,
            [new(listPath, "list of withdrawn issuing keys: keep it with the root", true), new(publishedPath, "the same, for license servers and hosts", true)]);
    }

    private static (byte[] Signed, WithdrawnIssuingKeysStatement List) SignList(
        string rootDirectory, X509Certificate2 root, WithdrawnIssuingKeysStatement? before, WithdrawnIssuingKey added)
    {
        var keyPath = Path.Combine(rootDirectory, RootKeyFile);
        using var key = ReadKey(keyPath);
        if (KeyFingerprint.Of(key) != KeyFingerprint.Of(root))
            throw new CeremonyException($"{keyPath} is not the key of the root beside it; nothing was written");
        var list = new WithdrawnIssuingKeysStatement(
            (before?.Number ?? 0) + 1, added.WithdrawnAt, [.. (before?.Keys ?? []).Append(added).OrderBy(entry => entry.IssuingKey.Hex, StringComparer.Ordinal)]);
        return list.Keys.Count <= WithdrawnIssuingKeysStatement.MaxKeys
            ? (Statement.Sign(list.Encode(), key), list)
            : throw new CeremonyException($"the list of withdrawn issuing keys is full: {WithdrawnIssuingKeysStatement.MaxKeys}");
    }

    private static (byte[] Signed, WithdrawnIssuingKeysStatement List)? ReadList(string path, IReadOnlyList<X509Certificate2> roots)
    {
        if (!File.Exists(path))
            return null;
        var message = File.ReadAllBytes(path);
        return PublisherTrust.ReadWithdrawals(message, roots) is { } list
            ? (message, list)
            : throw new CeremonyException($"{path} is not a list of withdrawn issuing keys that a root of this publisher has signed; nothing was written");
    }

    private static bool IsOf(string path, KeyFingerprint key)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(path);
        return KeyFingerprint.Of(certificate) == key;
    }
}

/// <summary>What a withdrawal made: what is printed, signed by those present and kept.</summary>
/// <param name="Publisher">The publisher's name.</param>
/// <param name="Root">The root that signed the list.</param>
/// <param name="Number">The list's number.</param>
/// <param name="Keys">All withdrawn keys.</param>
/// <param name="Files">Every file of the ceremony.</param>
public sealed record WithdrawalRecord(string Publisher, KeyFingerprint Root, long Number, IReadOnlyList<WithdrawnIssuingKey> Keys, IReadOnlyList<CeremonyFile> Files);
