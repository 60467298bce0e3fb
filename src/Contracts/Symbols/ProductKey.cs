using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Symbols;

/// <summary>
/// A product key: 25 symbols of Crockford's alphabet in 5 groups. 22 data symbols (most significant bit first: format 4 bits, type 2,
/// version 6, quantity 14, random 84) and 3 check symbols of a Reed–Solomon code over GF(32) with the roots g^0, g^1 and g^2.
/// So every single wrong symbol and every swap of neighbours is found and its position named; two wrong symbols are always found.
/// A key is never corrected for the person who typed it.
/// </summary>
public sealed class ProductKey
{
    public const int SymbolCount = DataSymbols + CheckSymbols;
    public const int GroupLength = 5;
    public const int Groups = 5;

    /// <summary>CALs in a key pack: 14 bits, and none is no pack.</summary>
    public const int MaxQuantity = 16_383;

    /// <summary>Bytes of randomness that <see cref="Mint"/> takes; the last 4 bits of them are not used.</summary>
    public const int RandomLength = 11;

    private const int DataSymbols = 22;
    private const int CheckSymbols = 3;
    private const int Format = 1;
    private const int TypeBits = 2;
    private const int VersionBits = 6;
    private const int QuantityBits = 14;
    private const int RandomBits = 84;

    // The bytes that hold the 110 data bits; the last 2 bits are zero.
    private const int DataLength = 14;
    private const int PaddingBits = (DataLength * 8) - (DataSymbols * 5);

    // (x + g^0)(x + g^1)(x + g^2) = x^3 + a x^2 + b x + c, as a, b, c.
    private static readonly byte[] Generator = BuildGenerator();

    private ProductKey(string text, CalType type, CalVersion version, int quantity)
    {
        Text = text;
        Type = type;
        Version = version;
        Quantity = quantity;
    }

    /// <summary>The one spelling: 25 symbols in 5 groups, separated by hyphens. It is a secret.</summary>
    public string Text { get; }

    public CalType Type { get; }

    public CalVersion Version { get; }

    /// <summary>CALs in the key pack, 1 to 16,383.</summary>
    public int Quantity { get; }

    /// <summary>Makes a product key of given randomness.</summary>
    /// <param name="type">What the CALs are held by.</param>
    /// <param name="version">A version of the ladder.</param>
    /// <param name="quantity">CALs in the key pack, 1 to 16,383.</param>
    /// <param name="random"><see cref="RandomLength"/> bytes from a cryptographic generator.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is over its limits.</exception>
    public static ProductKey Mint(CalType type, CalVersion version, int quantity, ReadOnlySpan<byte> random)
    {
        if (!Enum.IsDefined(type))
            throw new ArgumentOutOfRangeException(nameof(type));
        if (!version.IsKnown)
            throw new ArgumentOutOfRangeException(nameof(version));
        ArgumentOutOfRangeException.ThrowIfLessThan(quantity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quantity, MaxQuantity);
        ArgumentOutOfRangeException.ThrowIfNotEqual(random.Length, RandomLength);

        UInt128 randomness = 0;
        foreach (var octet in random)
            randomness = (randomness << 8) | octet;
        randomness >>= (RandomLength * 8) - RandomBits;
        UInt128 data = Format;
        data = (data << TypeBits) | (uint)type;
        data = (data << VersionBits) | (uint)version.Code;
        data = (data << QuantityBits) | (uint)quantity;
        data = (data << RandomBits) | randomness;
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, data << PaddingBits);

        var symbols = new byte[SymbolCount];
        Crockford.FromBits(bytes[^DataLength..], DataSymbols).CopyTo(symbols, 0);
        Remainder(symbols.AsSpan(0, DataSymbols)).CopyTo(symbols, DataSymbols);
        return new(Crockford.Write(symbols, GroupLength), type, version, quantity);
    }

    /// <summary>Reads a product key as a person types it: case, separators, O for 0 and I or L for 1 do not matter.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="key">The key; that it has the right form does not say that it was ever minted.</param>
    /// <param name="error">What is wrong and where.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ProductKey? key, [NotNullWhen(false)] out ProductKeyError? error)
    {
        key = null;
        if (!Crockford.TryRead(text, SymbolCount, out var symbols, out var badPosition))
            error = badPosition > SymbolCount
                ? new(ProductKeyFault.WrongLength, null, $"a product key has {SymbolCount} symbols; this text has more")
                : new(ProductKeyFault.NotASymbol, badPosition, $"{Place(badPosition)} is not a letter or digit of the alphabet");
        else if (symbols.Length != SymbolCount)
            error = new(ProductKeyFault.WrongLength, null, $"a product key has {SymbolCount} symbols; this text has {symbols.Length}");
        else
            error = CheckSyndromes(symbols) ?? ReadData(symbols, out key);
        return error is null && key is not null;
    }

    /// <summary>What is wrong with one group by itself, fit to be shown while the next one is typed; null when it may be right: check symbols cover the whole key.</summary>
    /// <param name="number">The group's number, 1 to 5.</param>
    /// <param name="text">What was typed.</param>
    public static string? CheckGroup(int number, string text)
    {
        if (text.Length == 0)
            return $"group {number} is missing";
        if (!Crockford.TryRead(text, GroupLength, out var symbols, out var position))
            return position > GroupLength ? $"group {number} has more than {GroupLength} symbols" : $"group {number}: symbol {position} is not a letter or digit of the alphabet";
        return symbols.Length == GroupLength ? null : $"group {number} has {symbols.Length} symbols; it has {GroupLength}";
    }

    /// <summary>Says nothing: a product key is a secret.</summary>
    public override string ToString() => nameof(ProductKey);

    private static ProductKeyError? ReadData(byte[] symbols, out ProductKey? key)
    {
        Span<byte> bytes = stackalloc byte[16];
        Crockford.ToBits(symbols.AsSpan(0, DataSymbols)).CopyTo(bytes[^DataLength..]);
        var data = BinaryPrimitives.ReadUInt128BigEndian(bytes) >> (PaddingBits + RandomBits);
        var quantity = (int)(data & ((1 << QuantityBits) - 1));
        var versionCode = (int)((data >> QuantityBits) & ((1 << VersionBits) - 1));
        var type = (CalType)(int)((data >> (QuantityBits + VersionBits)) & ((1 << TypeBits) - 1));
        var format = (int)(data >> (QuantityBits + VersionBits + TypeBits));
        key = null;
        // Every check symbol fits, so this is no typing error: the key was made by a newer version, or made up.
        if (format != Format || !Enum.IsDefined(type) || !CalVersion.TryFromCode(versionCode, out var version) || quantity == 0)
            return new(ProductKeyFault.NotUnderstood, null, "the product key is of a kind that this version does not understand");
        key = new(Crockford.Write(symbols, GroupLength), type, version, quantity);
        return null;
    }

    // With the locator X = g^(25 - position): one wrong symbol, off by e, gives S0 = e, S1 = eX, S2 = eX².
    // Swapped neighbours are both off by d, their difference: S0 = 0, S1 = dX(1 + g), S2 = dX²(1 + g)², X being the locator of the right one.
    private static ProductKeyError? CheckSyndromes(ReadOnlySpan<byte> symbols)
    {
        byte s0 = 0, s1 = 0, s2 = 0;
        foreach (var symbol in symbols)
        {
            s0 ^= symbol;
            s1 = (byte)(Gf32.Multiply(s1, Gf32.Power(1)) ^ symbol);
            s2 = (byte)(Gf32.Multiply(s2, Gf32.Power(2)) ^ symbol);
        }

        if ((s0 | s1 | s2) == 0)
            return null;
        if (s0 != 0 && s1 != 0 && Gf32.Multiply(s1, s1) == Gf32.Multiply(s0, s2))
        {
            var position = SymbolCount - Gf32.Log(Gf32.Divide(s1, s0));
            if (position >= 1)
                return new(ProductKeyFault.WrongSymbol, position, $"{Place(position)} is wrong");
        }
        else if (s0 == 0 && s1 != 0 && s2 != 0)
        {
            var distance = (byte)(1 ^ Gf32.Power(1));
            var locator = Gf32.Divide(Gf32.Divide(s2, s1), distance);
            var position = SymbolCount - Gf32.Log(locator) - 1;
            if (position >= 1 && (symbols[position - 1] ^ symbols[position]) == Gf32.Divide(s1, Gf32.Multiply(locator, distance)))
                return new(ProductKeyFault.SwappedSymbols, position, $"{Place(position)} and the one after it are swapped");
        }

        return new(ProductKeyFault.SeveralWrong, null, "more than one symbol is wrong");
    }

    private static string Place(int position)
        => $"symbol {position} (group {((position - 1) / GroupLength) + 1}, place {((position - 1) % GroupLength) + 1})";

    private static byte[] Remainder(ReadOnlySpan<byte> data)
    {
        var remainder = new byte[CheckSymbols];
        foreach (var symbol in data)
        {
            var factor = (byte)(symbol ^ remainder[0]);
            remainder[0] = (byte)(remainder[1] ^ Gf32.Multiply(factor, Generator[0]));
            remainder[1] = (byte)(remainder[2] ^ Gf32.Multiply(factor, Generator[1]));
            remainder[2] = Gf32.Multiply(factor, Generator[2]);
        }

        return remainder;
    }

    private static byte[] BuildGenerator()
    {
        byte[] roots = [Gf32.Power(0), Gf32.Power(1), Gf32.Power(2)];
        return
        [
            (byte)(roots[0] ^ roots[1] ^ roots[2]),
            (byte)(Gf32.Multiply(roots[0], roots[1]) ^ Gf32.Multiply(roots[0], roots[2]) ^ Gf32.Multiply(roots[1], roots[2])),
            Gf32.Multiply(Gf32.Multiply(roots[0], roots[1]), roots[2]),
        ];
    }
}

/// <summary>What can be wrong with a text that should be a product key.</summary>
public enum ProductKeyFault
{
    /// <summary>A character that is no symbol.</summary>
    NotASymbol,

    /// <summary>Too few or too many symbols.</summary>
    WrongLength,

    /// <summary>One symbol is wrong; which one is known.</summary>
    WrongSymbol,

    /// <summary>Two neighbours are swapped; which ones is known.</summary>
    SwappedSymbols,

    /// <summary>More than one symbol is wrong; which ones is not known.</summary>
    SeveralWrong,

    /// <summary>Every symbol fits, but format, type, version or quantity is none that this version knows.</summary>
    NotUnderstood,
}

/// <param name="Fault">What is wrong.</param>
/// <param name="Position">1-based position among the 25 symbols, of a swap the left one; null when it is not known.</param>
/// <param name="Message">What is wrong and where, fit to be shown; it holds no symbol of the key.</param>
public sealed record ProductKeyError(ProductKeyFault Fault, int? Position, string Message);
