using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// The raw private operation by libcrypto (OpenSSL 3), which blinds by itself and is constant-time. .NET offers RSA only with padding,
/// which MS-RDPELE does not use.
/// </summary>
public sealed partial class LibcryptoRsa : IRawRsa
{
    private const string Library = "libcrypto.so.3";
    private const int NoPadding = 3; // RSA_NO_PADDING

    private readonly PrivateKeyHandle _key;
    private readonly BigInteger _modulus;

    /// <param name="key">With private parameters.</param>
    /// <exception cref="DllNotFoundException">See <see cref="IsAvailable"/>.</exception>
    public LibcryptoRsa(RSAParameters key)
    {
        using var rsa = RSA.Create(key);
        var der = rsa.ExportRSAPrivateKey();
        var pinned = GCHandle.Alloc(der, GCHandleType.Pinned);
        var position = pinned.AddrOfPinnedObject();
        _key = d2i_AutoPrivateKey(0, ref position, der.Length);
        CryptographicOperations.ZeroMemory(der);
        pinned.Free();
        if (_key.IsInvalid)
            throw new CryptographicException("libcrypto does not take the key.");
        _modulus = new(key.Modulus, isUnsigned: true, isBigEndian: true);
        ModulusLength = _modulus.GetByteCount(isUnsigned: true);
    }

    /// <summary>Is OpenSSL 3's libcrypto on this machine?</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Library, out _);

    public int ModulusLength { get; }

    public byte[] Decrypt(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> blinding)
    {
        var input = LittleEndianNumber.Write(LittleEndianNumber.Read(ciphertext) % _modulus, ModulusLength);
        Array.Reverse(input);
        var output = new byte[ModulusLength];
        var length = (nuint)output.Length;
        using var context = EVP_PKEY_CTX_new(_key, 0);
        if (context.IsInvalid
            || EVP_PKEY_decrypt_init(context) != 1
            || EVP_PKEY_CTX_set_rsa_padding(context, NoPadding) != 1
            || EVP_PKEY_decrypt(context, output, ref length, input, (nuint)input.Length) != 1
            || length != (nuint)output.Length)
            throw new CryptographicException("libcrypto's private operation failed.");
        Array.Reverse(output);
        return output;
    }

    public void Dispose() => _key.Dispose();

    /// <summary>Says nothing: it is a private key.</summary>
    public override string ToString() => nameof(LibcryptoRsa);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial PrivateKeyHandle d2i_AutoPrivateKey(nint reuse, ref nint position, nint length);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial ContextHandle EVP_PKEY_CTX_new(PrivateKeyHandle key, nint engine);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EVP_PKEY_decrypt_init(ContextHandle context);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EVP_PKEY_CTX_set_rsa_padding(ContextHandle context, int padding);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EVP_PKEY_decrypt(ContextHandle context, [Out] byte[] output, ref nuint outputLength, byte[] input, nuint inputLength);

    private sealed partial class PrivateKeyHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            EVP_PKEY_free(handle);
            return true;
        }

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial void EVP_PKEY_free(nint key);
    }

    private sealed partial class ContextHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            EVP_PKEY_CTX_free(handle);
            return true;
        }

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial void EVP_PKEY_CTX_free(nint context);
    }
}
