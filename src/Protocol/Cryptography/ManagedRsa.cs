using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// The raw private operation in managed code, for where libcrypto is not: Chinese remainder theorem, blinded, and checked with the
/// public exponent so that a wrong half cannot give the key away. BigInteger is not constant-time; blinding is what stands against timing.
/// </summary>
public sealed class ManagedRsa : IRawRsa
{
    private readonly BigInteger _n;
    private readonly BigInteger _e;
    private readonly BigInteger _p;
    private readonly BigInteger _q;
    private readonly BigInteger _dp;
    private readonly BigInteger _dq;
    private readonly BigInteger _inverseQ;

    /// <param name="key">With private parameters.</param>
    public ManagedRsa(RSAParameters key)
    {
        (_n, _e) = (BigEndian(key.Modulus), BigEndian(key.Exponent));
        (_p, _q, _inverseQ) = (BigEndian(key.P), BigEndian(key.Q), BigEndian(key.InverseQ));
        (_dp, _dq) = (BigEndian(key.DP), BigEndian(key.DQ));
        ModulusLength = _n.GetByteCount(isUnsigned: true);
    }

    public int ModulusLength { get; }

    public byte[] Decrypt(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> blinding)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(blinding.Length, IRawRsa.BlindingLength);
        var c = LittleEndianNumber.Read(ciphertext) % _n;
        var (r, inverse) = Blind(blinding);
        var blinded = c * BigInteger.ModPow(r, _e, _n) % _n;

        var mp = BigInteger.ModPow(blinded % _p, _dp, _p);
        var mq = BigInteger.ModPow(blinded % _q, _dq, _q);
        var h = _inverseQ * (mp - mq) % _p;
        var blindedResult = mq + (h.Sign < 0 ? h + _p : h) * _q;

        var m = blindedResult * inverse % _n;
        return BigInteger.ModPow(m, _e, _n) == c
            ? LittleEndianNumber.Write(m, ModulusLength)
            : throw new CryptographicException("The private operation went wrong.");
    }

    public void Dispose()
    {
    }

    /// <summary>Says nothing: it is a private key.</summary>
    public override string ToString() => nameof(ManagedRsa);

    /// <summary>A unit r modulo n, expanded from the seed to the length of the modulus, and its inverse.</summary>
    private (BigInteger R, BigInteger Inverse) Blind(ReadOnlySpan<byte> seed)
    {
        var expanded = new byte[ModulusLength + SHA256.HashSizeInBytes];
        Span<byte> input = stackalloc byte[IRawRsa.BlindingLength + 4];
        seed.CopyTo(input);
        for (var offset = 0; offset + SHA256.HashSizeInBytes <= expanded.Length; offset += SHA256.HashSizeInBytes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(input[IRawRsa.BlindingLength..], offset);
            SHA256.HashData(input, expanded.AsSpan(offset));
        }

        var r = LittleEndianNumber.Read(expanded) % _n;
        while (true)
        {
            if (!r.IsZero && TryInvert(r, _n, out var inverse))
                return (r, inverse);
            r = (r + 1) % _n;
        }
    }

    /// <summary>Extended Euclid.</summary>
    private static bool TryInvert(BigInteger value, BigInteger modulus, out BigInteger inverse)
    {
        var (a, b) = (modulus, value);
        var (x, y) = (BigInteger.Zero, BigInteger.One);
        while (!b.IsZero)
        {
            var quotient = a / b;
            (a, b) = (b, a - quotient * b);
            (x, y) = (y, x - quotient * y);
        }

        inverse = x.Sign < 0 ? x + modulus : x;
        return a.IsOne;
    }

    private static BigInteger BigEndian(byte[]? bytes) =>
        new(bytes ?? throw new ArgumentException("Private parameters are missing."), isUnsigned: true, isBigEndian: true);
}
