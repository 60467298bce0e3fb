namespace Ostiary.Protocol.Cryptography;

/// <summary>RC4, which MS-RDPELE prescribes and .NET does not have. Encrypts and decrypts. It protects nothing of ours: TLS is around it.</summary>
public static class Rc4
{
    /// <summary>From a fresh state: the whole of <paramref name="data"/> under the first bytes of the keystream.</summary>
    public static byte[] Transform(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        if (key.Length is 0 or > 256)
            throw new ArgumentException("An RC4 key has 1 to 256 bytes.", nameof(key));
        Span<byte> state = stackalloc byte[256];
        for (var i = 0; i < state.Length; i++)
            state[i] = (byte)i;
        for (int i = 0, j = 0; i < state.Length; i++)
        {
            j = (j + state[i] + key[i % key.Length]) & 0xFF;
            (state[i], state[j]) = (state[j], state[i]);
        }

        var output = new byte[data.Length];
        for (int n = 0, i = 0, j = 0; n < output.Length; n++)
        {
            i = (i + 1) & 0xFF;
            j = (j + state[i]) & 0xFF;
            (state[i], state[j]) = (state[j], state[i]);
            output[n] = (byte)(data[n] ^ state[(state[i] + state[j]) & 0xFF]);
        }

        state.Clear();
        return output;
    }
}
