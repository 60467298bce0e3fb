using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary>
/// The keys under which product keys lie in the database: 32 bytes for HMAC-SHA256, by which a key is looked up, and 32 bytes for AES-256-GCM,
/// by which its text is kept until it is erased. They lie in a file outside the database, so that a copy of the database gives no product key away.
/// </summary>
internal sealed class ProductKeySecrets : IDisposable
{
    public const string FileName = "product-key.key";
    public const int FileLength = LookupKeyLength + TextKeyLength;

    private const int LookupKeyLength = 32;
    private const int TextKeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly byte[] _lookupKey;
    private readonly byte[] _textKey;

    private ProductKeySecrets(ReadOnlySpan<byte> file)
    {
        _lookupKey = file[..LookupKeyLength].ToArray();
        _textKey = file.Slice(LookupKeyLength, TextKeyLength).ToArray();
    }

    /// <exception cref="InvalidDataException">The file has another length.</exception>
    public static ProductKeySecrets Read(string path)
    {
        var file = File.ReadAllBytes(path);
        try
        {
            return file.Length == FileLength
                ? new(file)
                : throw new InvalidDataException($"{path} has {file.Length} bytes; {FileLength} are expected");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(file);
        }
    }

    /// <summary>32 bytes, the same for the same product key.</summary>
    public byte[] LookupHash(ProductKey key) => HMACSHA256.HashData(_lookupKey, Encoding.ASCII.GetBytes(key.Text));

    /// <summary>Nonce, tag and ciphertext; bound to the row's lookup hash, so that a row cannot be given another's text.</summary>
    public byte[] Encrypt(ProductKey key, ReadOnlySpan<byte> lookupHash)
    {
        var clear = Encoding.ASCII.GetBytes(key.Text);
        var sealedText = new byte[NonceLength + TagLength + clear.Length];
        RandomNumberGenerator.Fill(sealedText.AsSpan(0, NonceLength));
        using var cipher = Cipher();
        cipher.Encrypt(
            sealedText.AsSpan(0, NonceLength), clear, sealedText.AsSpan(NonceLength + TagLength), sealedText.AsSpan(NonceLength, TagLength), lookupHash);
        return sealedText;
    }

    /// <exception cref="CryptographicException">It was not encrypted under this key for this row.</exception>
    public string Decrypt(ReadOnlySpan<byte> sealedText, ReadOnlySpan<byte> lookupHash)
    {
        if (sealedText.Length < NonceLength + TagLength)
            throw new CryptographicException("the stored text is too short");
        var clear = new byte[sealedText.Length - NonceLength - TagLength];
        using var cipher = Cipher();
        cipher.Decrypt(sealedText[..NonceLength], sealedText[(NonceLength + TagLength)..], sealedText.Slice(NonceLength, TagLength), clear, lookupHash);
        return Encoding.ASCII.GetString(clear);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_textKey);
        CryptographicOperations.ZeroMemory(_lookupKey);
    }

    // One for each use: a cipher is not for two at a time, and requests come at once.
    private AesGcm Cipher() => new(_textKey, TagLength);
}
