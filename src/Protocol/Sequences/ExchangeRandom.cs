using Ostiary.Protocol.Cryptography;

namespace Ostiary.Protocol.Sequences;

/// <summary>All the randomness that one licensing exchange uses. Never use one twice.</summary>
public sealed class ExchangeRandom
{
    public const int ServerRandomLength = 32;

    /// <summary>rdesktop crashes on a challenge of any other length.</summary>
    public const int ChallengeLength = 10;

    /// <summary>How many random bytes to hand to the constructor.</summary>
    public const int Length = ServerRandomLength + ChallengeLength + IRawRsa.BlindingLength;

    private readonly byte[] _bytes;

    /// <param name="bytes"><see cref="Length"/> bytes from a cryptographic generator.</param>
    public ExchangeRandom(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _bytes = bytes.ToArray();
    }

    internal ReadOnlySpan<byte> ServerRandom => _bytes.AsSpan(0, ServerRandomLength);

    internal ReadOnlySpan<byte> Challenge => _bytes.AsSpan(ServerRandomLength, ChallengeLength);

    internal ReadOnlySpan<byte> Blinding => _bytes.AsSpan(ServerRandomLength + ChallengeLength);

    public override string ToString() => nameof(ExchangeRandom);
}
