using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Contracts.Activation;

/// <summary>What a code is for.</summary>
public enum CodeKind : byte
{
    Activation = 1,
    KeyPack = 2,
    Draw = 3,
    Reactivation = 4,
    Deactivation = 5,
    Replacement = 6,
}

/// <summary>
/// A code that a person carries between a license server and a clearinghouse's web page, by copying, as a picture (QR, alphanumeric) or as a file.
/// Text: a word, then Crockford's alphabet, 5 bits a symbol: kind (1 byte), content, and the first 4 bytes of SHA-256 over word, kind and content,
/// so that a torn or mistyped copy is told from a forged one. Whether the content means anything, its own signatures say.
/// </summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Content">The bytes.</param>
public abstract record CarriedCode(CodeKind Kind, byte[] Content)
{
    /// <summary>Symbols of a code that is also shown as a picture: a QR picture holds 4,296.</summary>
    public const int MaxSymbols = 4_096;

    /// <summary>Symbols of a code with up to 100 key packs, which goes by copying or as a file.</summary>
    public const int MaxLongSymbols = 57_344;

    private const int CheckLength = 4;

    /// <summary>The text, in one line.</summary>
    protected string Write(string word)
    {
        byte[] bytes = [(byte)Kind, .. Content, .. CheckOf(word, Kind, Content)];
        return word + Crockford.Write(Crockford.FromBits(bytes, ((bytes.Length * 8) + 4) / 5), MaxLongSymbols);
    }

    /// <summary>Reads a text; the word may be missing, and white space and hyphens do not matter.</summary>
    private protected static bool TryRead(string? text, string word, string what, int most, out CodeKind kind, out byte[] content, [NotNullWhen(false)] out string? error)
    {
        (kind, content) = (default, []);
        // Line ends and spaces that a mail program has put in are no symbols; a text that is longer is not looked at.
        if (text?.Length > most * 2)
            return Wrong($"a {what} has at most {most} symbols; this text has {text.Length} characters", out error);
        var symbols = (text ?? "").Trim();
        if (symbols.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            symbols = symbols[word.Length..];
        else if (symbols.Contains(':', StringComparison.Ordinal))
            return Wrong($"this is not a {what}, which begins with {word}", out error);
        if (symbols.Length == 0)
            return Wrong($"a {what} is needed; it begins with {word}", out error);
        if (!Crockford.TryRead(symbols, most, out var values, out var position))
            return Wrong(position > most ? $"a {what} has at most {most} symbols" : $"symbol {position} of the {what} is not a letter or digit of the alphabet", out error);
        var bytes = Crockford.ToBits(values)[..(values.Length * 5 / 8)];
        if (bytes.Length <= CheckLength + 1)
            return Wrong($"the {what} is cut off", out error);
        // The bits that fill the last symbol are zero: one text a code.
        if (!Crockford.FromBits(bytes, ((bytes.Length * 8) + 4) / 5).AsSpan().SequenceEqual(values))
            return Wrong(NotWhole(what), out error);
        (kind, content) = ((CodeKind)bytes[0], bytes[1..^CheckLength]);
        if (!CheckOf(word, kind, content).AsSpan().SequenceEqual(bytes.AsSpan(bytes.Length - CheckLength)))
            return Wrong(NotWhole(what), out error);
        if (!Enum.IsDefined(kind))
            return Wrong($"the {what} is for something that this version does not know", out error);
        error = null;
        return true;
    }

    private static string NotWhole(string what) => $"the {what} is not whole: a symbol is wrong or missing; copy it again";

    private static bool Wrong(string what, out string error)
    {
        error = what;
        return false;
    }

    private static byte[] CheckOf(string word, CodeKind kind, byte[] content)
        => SHA256.HashData([.. Encoding.ASCII.GetBytes(word), (byte)kind, .. content])[..CheckLength];
}

/// <summary>
/// What a license server asks. Activation: the <see cref="ActivationRequest"/> and its proof (<see cref="ActivateRequest.Proof"/>).
/// Key pack: a signed <see cref="Statements.RedemptionRequest"/>, which names the license server's key; a draw from an agreement: a signed
/// <see cref="Statements.DrawRequest"/>, which does too. Reactivation and deactivation: as an activation; a reactivation has behind the proof 8 bytes where
/// key packs are still to come (<see cref="ReactivateRequest.After"/>). Replacement: a signed <see cref="Statements.ReplacementRequestStatement"/>.
/// </summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Content">The bytes.</param>
public sealed record RequestCode(CodeKind Kind, byte[] Content) : CarriedCode(Kind, Content)
{
    private const string Word = "OSTIARY-REQUEST:";

    /// <summary>The text; a key pack's holds a product key, and is a secret.</summary>
    public string Text => Write(Word);

    private const int ProvenLength = ActivationRequest.Length + ActivationAnswer.SignatureLength;

    public static RequestCode Activation(byte[] request, byte[] proof) => new(CodeKind.Activation, [.. request, .. proof]);

    public static RequestCode Deactivation(byte[] request, byte[] proof) => new(CodeKind.Deactivation, [.. request, .. proof]);

    public static RequestCode Reactivation(byte[] request, byte[] proof, long? after)
    {
        var content = new byte[ProvenLength + (after is null ? 0 : sizeof(long))];
        request.CopyTo(content, 0);
        proof.CopyTo(content, ActivationRequest.Length);
        if (after is { } number)
            BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(ProvenLength), number);
        return new(CodeKind.Reactivation, content);
    }

    /// <summary>The request of an activation, a reactivation or a deactivation, and its proof.</summary>
    /// <exception cref="InvalidOperationException">It is for something else.</exception>
    public (byte[] Request, byte[] Proof) ReadActivation()
        => Kind is CodeKind.Activation or CodeKind.Deactivation or CodeKind.Reactivation
            ? (Content[..Math.Min(Content.Length, ActivationRequest.Length)], Content[Math.Min(Content.Length, ActivationRequest.Length)..(Kind == CodeKind.Reactivation ? Math.Min(Content.Length, ProvenLength) : Content.Length)])
            : throw new InvalidOperationException($"the code is for {Kind}");

    /// <summary>After which key pack a reactivation goes on; null at its beginning.</summary>
    public long? ReadAfter() => Kind == CodeKind.Reactivation && Content.Length == ProvenLength + sizeof(long) ? BinaryPrimitives.ReadInt64BigEndian(Content.AsSpan(ProvenLength)) : null;

    /// <summary>The code in the link that a QR picture holds, which leads to the clearinghouse's page with the code behind the #; a text that is none stays.</summary>
    /// <param name="text">What the picture says.</param>
    public static string OfLink(string text)
        => text.Length <= MaxSymbols * 2 && text.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash ? Uri.UnescapeDataString(text[(hash + 1)..]) : text;

    /// <summary>Reads a code.</summary>
    /// <param name="text">What was pasted, scanned or uploaded.</param>
    /// <param name="code">The code; nothing in it is verified.</param>
    /// <param name="error">What is wrong, fit to be shown.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RequestCode? code, [NotNullWhen(false)] out string? error)
    {
        code = TryRead(text, Word, "request code", MaxSymbols, out var kind, out var content, out error) ? new(kind, content) : null;
        return code is not null;
    }

    /// <summary>Says the kind only.</summary>
    public override string ToString() => $"{nameof(RequestCode)} {Kind}";
}

/// <summary>
/// What a clearinghouse answers. Activation: an <see cref="ActivationAnswer"/>; key pack: length (2 bytes, big-endian) and bytes of the signed
/// <see cref="Statements.KeyPackStatement"/>. Behind it the issuing certificate, DER. A draw's answer has the 25 symbols of the product key that was drawn
/// (ASCII, without hyphens) before what a key pack's has. Reactivation and replacement: <see cref="CarriedDocuments"/>. Deactivation: as a key pack's, with a
/// signed <see cref="Statements.DeactivationStatement"/>.
/// </summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Content">The bytes.</param>
public sealed record ResponseCode(CodeKind Kind, byte[] Content) : CarriedCode(Kind, Content)
{
    private const string Word = "OSTIARY-RESPONSE:";

    public string Text => Write(Word);

    public static ResponseCode Activation(ActivationAnswer answer, byte[] issuingCertificate)
        => new(CodeKind.Activation, [.. answer.Encode(), .. issuingCertificate]);

    public static ResponseCode KeyPack(byte[] statement, byte[] issuingCertificate)
        => new(CodeKind.KeyPack, [(byte)(statement.Length >> 8), (byte)statement.Length, .. statement, .. issuingCertificate]);

    public static ResponseCode Deactivation(byte[] confirmation, byte[] issuingCertificate)
        => new(CodeKind.Deactivation, KeyPack(confirmation, issuingCertificate).Content);

    public static ResponseCode Reactivation(CarriedDocuments documents) => new(CodeKind.Reactivation, documents.Encode());

    public static ResponseCode Replacement(CarriedDocuments documents) => new(CodeKind.Replacement, documents.Encode());

    /// <summary>The parts of a deactivation's code; null when it is cut off or for something else.</summary>
    public (byte[] Confirmation, byte[] IssuingCertificate)? ReadDeactivation() => Kind == CodeKind.Deactivation ? ReadKeyPack(Content) : null;

    /// <summary>The documents in a code of this kind; null when it is cut off or for something else.</summary>
    public CarriedDocuments? ReadDocuments(CodeKind kind) => Kind == kind && CarriedDocuments.TryDecode(Content, out var documents) ? documents : null;

    /// <summary>The parts of an activation's code; null when it is cut off or for something else.</summary>
    public (ActivationAnswer Answer, byte[] IssuingCertificate)? ReadActivation()
        => Kind == CodeKind.Activation && Content.Length > ActivationAnswer.Length
            ? (ActivationAnswer.Decode(Content.AsSpan(0, ActivationAnswer.Length)), Content[ActivationAnswer.Length..])
            : null;

    public static ResponseCode Draw(string productKey, byte[] statement, byte[] issuingCertificate)
        => new(CodeKind.Draw, [.. Encoding.ASCII.GetBytes(productKey.Replace("-", "", StringComparison.Ordinal)), .. KeyPack(statement, issuingCertificate).Content]);

    /// <summary>The parts of a key pack's code; null when it is cut off or for something else.</summary>
    public (byte[] Statement, byte[] IssuingCertificate)? ReadKeyPack() => Kind == CodeKind.KeyPack ? ReadKeyPack(Content) : null;

    /// <summary>The parts of a draw's code; null when it is cut off or for something else.</summary>
    public (string ProductKey, byte[] Statement, byte[] IssuingCertificate)? ReadDraw()
        => Kind == CodeKind.Draw && Content.Length > ProductKey.SymbolCount && ReadKeyPack(Content[ProductKey.SymbolCount..]) is var (statement, issuing)
            ? (Encoding.ASCII.GetString(Content, 0, ProductKey.SymbolCount), statement, issuing)
            : null;

    private static (byte[] Statement, byte[] IssuingCertificate)? ReadKeyPack(byte[] content)
    {
        if (content.Length < 2)
            return null;
        var length = (content[0] << 8) | content[1];
        return content.Length > length + 2 ? (content[2..(length + 2)], content[(length + 2)..]) : null;
    }

    /// <summary>Reads a code.</summary>
    /// <param name="text">What was pasted, scanned or uploaded.</param>
    /// <param name="code">The code; nothing in it is verified.</param>
    /// <param name="error">What is wrong, fit to be shown.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ResponseCode? code, [NotNullWhen(false)] out string? error)
    {
        code = TryRead(text, Word, "response code", MaxLongSymbols, out var kind, out var content, out error) ? new(kind, content) : null;
        return code is not null;
    }

    /// <summary>Says the kind only.</summary>
    public override string ToString() => $"{nameof(ResponseCode)} {Kind}";
}
