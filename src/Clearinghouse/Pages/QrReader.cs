using Ostiary.Contracts.Problems;
using SkiaSharp;
using ZXing;
using ZXing.Common;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>
/// Reads the QR in a picture that somebody uploads. Its kind is told by its first bytes, and its size by its header, before anything of it is decoded; what is over a
/// limit is refused. A few pictures at once are decoded; who comes when all places are taken is told to come again.
/// </summary>
internal sealed class QrReader : IDisposable
{
    /// <summary>Bytes of a picture; a telephone's photo has 2 to 6 million.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>Width times height by the header. A JPEG is decoded at a part of it; its coefficients are not.</summary>
    public const int MaxPixels = 32_000_000;

    /// <summary>Width times height that are decoded: 4 bytes each.</summary>
    public const int MaxDecodedPixels = 12_000_000;

    // Enough for a dense QR that fills a third of a photo.
    private const int WantedPixels = 3_000_000;
    private const int AtOnce = 2;
    private const string Field = "picture";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly float[] Smaller = [0.75f, 0.5f, 0.35f];

    private readonly SemaphoreSlim _places = new(AtOnce);

    /// <summary>Whether these are the first bytes of a picture that is taken: PNG, JPEG or WebP.</summary>
    public static bool IsPicture(ReadOnlySpan<byte> bytes)
        => IsPng(bytes) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
            || (bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8));

    /// <summary>The text of the QR in a picture.</summary>
    /// <param name="picture">As it was uploaded.</param>
    /// <param name="cancellation">Ends the wait for a place.</param>
    /// <exception cref="ProblemException">It is no picture, is over a limit, or no QR is found in it.</exception>
    public async Task<string> ReadAsync(byte[] picture, CancellationToken cancellation)
    {
        if (picture.Length > MaxBytes)
            throw Wrong($"the picture has {picture.Length} bytes; at most {MaxBytes} are taken. Take a smaller one");
        if (!IsPicture(picture))
            throw Wrong("this is no picture in PNG, JPEG or WebP");
        if (!await _places.WaitAsync(Patience, cancellation))
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "too many pictures are being read at the moment; try again", Field);
        try
        {
            return await Task.Run(() => Read(picture), cancellation);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private static bool IsPng(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);

    private static string Read(byte[] picture)
    {
        using var data = SKData.CreateCopy(picture);
        using var codec = SKCodec.Create(data) ?? throw Wrong("the picture is damaged; take another one");
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp))
            throw Wrong("this is no picture in PNG, JPEG or WebP");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1 || (long)width * height > MaxPixels)
            throw Wrong($"the picture is {width} × {height}; at most {MaxPixels / 1_000_000} million pixels are taken. Take a smaller one");
        // JPEG is decoded at a half, a quarter or an eighth where that is enough; the others are as they are.
        var wanted = Math.Min(1, Math.Sqrt((double)WantedPixels / ((long)width * height)));
        var size = codec.GetScaledDimensions((float)wanted);
        if ((long)size.Width * size.Height > MaxDecodedPixels)
            throw Wrong($"the picture is {width} × {height}; of this kind at most {MaxDecodedPixels / 1_000_000} million pixels are taken. Take a smaller one, or a JPEG");
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(new(size.Width, size.Height, SKColorType.Bgra8888, SKAlphaType.Unpremul)))
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the picture cannot be read at the moment; try again", Field);
        if (codec.GetPixels(bitmap.Info, bitmap.GetPixels()) != SKCodecResult.Success)
            throw Wrong("the picture is damaged or cut off; take another one");
        return Find(bitmap) ?? throw Wrong("no QR is found in the picture; take it from nearer, straight and sharp, with the whole QR and its white border in it");
    }

    private static string? Find(SKBitmap bitmap)
    {
        if (Decode(bitmap) is { } text)
            return text;
        // Noise of a photo goes with its size.
        foreach (var scale in Smaller)
        {
            using var less = bitmap.Resize(
                new SKSizeI(Math.Max(1, (int)(bitmap.Width * scale)), Math.Max(1, (int)(bitmap.Height * scale))), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
            if (less is not null && Decode(less) is { } found)
                return found;
        }

        return null;
    }

    private static string? Decode(SKBitmap bitmap)
    {
        // Two ways to tell black from white: by the neighbourhood, for photos with shadows, and by the whole, for screens.
        var source = new RGBLuminanceSource(bitmap.Bytes, bitmap.Width, bitmap.Height, RGBLuminanceSource.BitmapFormat.BGRA32);
        var hints = new Dictionary<DecodeHintType, object> { [DecodeHintType.TRY_HARDER] = true };
        foreach (Binarizer binarizer in new Binarizer[] { new HybridBinarizer(source), new GlobalHistogramBinarizer(source) })
            if (new ZXing.QrCode.QRCodeReader().decode(new BinaryBitmap(binarizer), hints) is { Text.Length: > 0 } found)
                return found.Text;
        return null;
    }

    private static ProblemException Wrong(string what) => new(LicensingProblem.InvalidField, what, Field);
}
