namespace Ostiary.Contracts.Symbols;

/// <summary>
/// The field of 32 elements, one for each symbol of Crockford's alphabet: polynomials over GF(2) modulo x^5 + x^2 + 1.
/// Addition is exclusive or; <c>2</c> generates all 31 non-zero elements.
/// </summary>
internal static class Gf32
{
    private const int Polynomial = 0b100101;

    private static readonly byte[] Exponentials = BuildExponentials();
    private static readonly byte[] Logarithms = BuildLogarithms();

    /// <summary>The generator to the power of <paramref name="exponent"/>, which may be any integer.</summary>
    public static byte Power(int exponent) => Exponentials[((exponent % 31) + 31) % 31];

    /// <summary>The discrete logarithm, 0 to 30, of a non-zero element.</summary>
    public static int Log(byte element)
    {
        ArgumentOutOfRangeException.ThrowIfZero(element);
        return Logarithms[element];
    }

    public static byte Multiply(byte left, byte right)
        => left == 0 || right == 0 ? (byte)0 : Power(Logarithms[left] + Logarithms[right]);

    public static byte Divide(byte dividend, byte divisor)
        => dividend == 0 ? (byte)0 : Power(Logarithms[dividend] - Log(divisor));

    private static byte[] BuildExponentials()
    {
        var powers = new byte[31];
        var element = 1;
        for (var exponent = 0; exponent < powers.Length; exponent++)
        {
            powers[exponent] = (byte)element;
            element <<= 1;
            if ((element & 0b100000) != 0)
                element ^= Polynomial;
        }

        return powers;
    }

    private static byte[] BuildLogarithms()
    {
        var logarithms = new byte[32];
        for (var exponent = 0; exponent < Exponentials.Length; exponent++)
            logarithms[Exponentials[exponent]] = (byte)exponent;
        return logarithms;
    }
}
