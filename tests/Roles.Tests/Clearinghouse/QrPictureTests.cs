using System.Buffers.Binary;
using System.Net;
using System.Text;
using Ostiary.Clearinghouse.Pages;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Problems;
using QRCoder;
using SkiaSharp;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The page reads the QR of a request code in a picture that is uploaded; what is none, or too large, is said in plain words.</summary>
public sealed class QrPictureTests : IAsyncLifetime
{
    private const string Link = "HTTPS://CLEARINGHOUSE.EXAMPLE/WEB#";

    private readonly TestLicenseServer _server = new();
    private readonly QrReader _reader = new();
    private TestPublisher _publisher = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private string Code => _server.NewActivation() is var activation ? RequestCode.Activation(activation.Request, activation.Proof).Text : "";

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        _reader.Dispose();
        await _publisher.DisposeAsync();
    }

    [Theory]
    [InlineData("picture", "photo.png")]
    [InlineData("file", "code.png")]
    [InlineData("file", "code.txt")]
    public async Task A_picture_or_a_file_that_is_uploaded_is_shown_as_what_it_asks(string field, string name)
    {
        var code = Code;
        var (status, page) = await UploadAsync(field, name, name.EndsWith("txt", StringComparison.Ordinal) ? Encoding.ASCII.GetBytes(code) : Png(Link + code));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(_server.Id.Text, page, StringComparison.Ordinal);
        Assert.Contains(code, page, StringComparison.Ordinal);
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
    }

    [Theory]
    [InlineData(0, 1, SKEncodedImageFormat.Jpeg, 60)]
    [InlineData(17, 1.3, SKEncodedImageFormat.Jpeg, 50)]
    [InlineData(90, 0.8, SKEncodedImageFormat.Png, 100)]
    [InlineData(180, 1, SKEncodedImageFormat.Webp, 70)]
    [InlineData(-38, 1.1, SKEncodedImageFormat.Jpeg, 70)]
    public async Task A_photo_is_read_though_it_is_turned_scaled_shaded_and_compressed(float degrees, float scale, SKEncodedImageFormat format, int quality)
    {
        var code = Code;

        Assert.Equal(Link + code, await _reader.ReadAsync(Photo(Link + code, 1_600, 1_200, degrees, scale, format, quality), Cancellation));
    }

    [Fact]
    public async Task A_large_photo_is_read_at_a_part_of_its_size()
    {
        var code = Code;
        var photo = Photo(Link + code, 5_600, 4_200, 8, 3, SKEncodedImageFormat.Jpeg, 80);
        Assert.InRange(photo.Length, 1, QrReader.MaxBytes);

        Assert.Equal(Link + code, await _reader.ReadAsync(photo, Cancellation));
    }

    [Fact]
    public async Task What_is_no_picture_or_has_no_QR_is_said()
    {
        await RefusedAsync("hello"u8.ToArray(), "no picture in PNG, JPEG or WebP");
        await RefusedAsync("GIF89a"u8.ToArray(), "no picture in PNG, JPEG or WebP");
        await RefusedAsync("<svg xmlns='http://www.w3.org/2000/svg'/>"u8.ToArray(), "no picture in PNG, JPEG or WebP");
        await RefusedAsync([], "no picture in PNG, JPEG or WebP");
        await RefusedAsync([0xFF, 0xD8, 0xFF, 0xE0], "damaged");
        using var white = new SKBitmap(800, 600);
        white.Erase(SKColors.White);
        foreach (var format in new[] { SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp })
            await RefusedAsync(Encoded(white, format, 80), "no QR is found");

        // A QR of something else is no code.
        var (status, page) = await UploadAsync("picture", "photo.png", Png("https://www.example.com/menu"));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("This is not a request code, which begins with OSTIARY-REQUEST:", page, StringComparison.Ordinal);
        (status, page) = await UploadAsync("picture", "photo.png", "hello"u8.ToArray());
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("This is no picture in PNG, JPEG or WebP.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sizes_are_refused_by_the_header_before_anything_is_decoded()
    {
        foreach (var (width, height) in new[] { (50_000, 50_000), (8_000, 4_001), (1, 2_000_000_000) })
            await RefusedAsync(WithSize(Png("x"), width, height), $"the picture is {width} × {height}", "damaged");
        // Four bytes a pixel: what can be scaled only after it is decoded has a smaller limit.
        await RefusedAsync(WithSize(Png("x"), 4_000, 4_000), "of this kind at most 12 million pixels");

        // A bomb: few bytes, many pixels.
        using var large = new SKBitmap(new SKImageInfo(6_000, 6_000, SKColorType.Gray8, SKAlphaType.Opaque));
        large.Erase(SKColors.White);
        var bomb = Encoded(large, SKEncodedImageFormat.Png, 100);
        Assert.InRange(bomb.Length, 1, 1_000_000);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RefusedAsync(bomb, "the picture is 6000 × 6000");
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 20_000_000);
        await RefusedAsync([.. Png("x"), .. new byte[QrReader.MaxBytes]], "bytes; at most");
    }

    [Fact]
    public async Task A_picture_that_is_cut_off_or_damaged_is_refused_or_read_and_nothing_else()
    {
        foreach (var good in new[] { Png(Link + Code), Photo(Link + Code, 800, 600, 3, 0.6f, SKEncodedImageFormat.Jpeg, 70), Photo(Link + Code, 800, 600, 3, 0.6f, SKEncodedImageFormat.Webp, 70) })
        {
            foreach (var part in new[] { 12, 30, 60, good.Length / 4, good.Length / 2 })
                await RefusedAsync(good[..part], "damaged", "no QR is found", "the picture is");
            var random = new Random(7);
            for (var round = 0; round < 20; round++)
            {
                var changed = (byte[])good.Clone();
                for (var place = 0; place < 8; place++)
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                try
                {
                    _ = await _reader.ReadAsync(changed, Cancellation);
                }
                catch (ProblemException refused)
                {
                    Assert.Equal((LicensingProblem.InvalidField, "picture"), (refused.Problem, refused.Field));
                }
            }
        }
    }

    [Fact]
    public async Task Only_the_page_takes_a_body_of_a_pictures_size_and_only_up_to_its_limit()
    {
        var (status, page) = await UploadAsync("picture", "photo.jpg", new byte[QrReader.MaxBytes + 1]);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("at most 8388608 are taken", page, StringComparison.Ordinal);
        (status, page) = await UploadAsync("file", "code.txt", Encoding.ASCII.GetBytes(new string('A', 100_000)));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("no picture; a code&#x27;s file has at most 65536", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await UploadAsync("picture", "photo.jpg", new byte[QrReader.MaxBytes + 100_000])).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await UploadAsync("picture", "photo.jpg", new byte[100_000], "web/answer")).Status);
    }

    private async Task RefusedAsync(byte[] picture, params string[] reasons)
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(() => _reader.ReadAsync(picture, Cancellation));
        Assert.Equal((LicensingProblem.InvalidField, "picture"), (refused.Problem, refused.Field));
        Assert.True(reasons.Any(reason => refused.Message.Contains(reason, StringComparison.Ordinal)), refused.Message);
    }

    private async Task<(HttpStatusCode Status, string Page)> UploadAsync(string field, string name, byte[] content, string path = "web")
    {
        using var form = new MultipartFormDataContent { { new StringContent(""), "code" }, { new ByteArrayContent(content), field, name } };
        // Who is refused by the length alone hears it before anything is sent.
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = form, Headers = { ExpectContinue = true } };
        using var response = await _publisher.Http.SendAsync(request, Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static byte[] Png(string text)
    {
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.L);
        using var picture = new PngByteQRCode(data);
        return picture.GetGraphic(6);
    }

    /// <summary>A screen with a QR on it, as a camera sees it: turned, at some distance, with a shadow over it, noise, and a background that is not white.</summary>
    private static byte[] Photo(string text, int width, int height, float degrees, float scale, SKEncodedImageFormat format, int quality)
    {
        using var qr = SKBitmap.Decode(Png(text));
        using var photo = new SKBitmap(width, height);
        using (var canvas = new SKCanvas(photo))
        {
            canvas.Clear(new SKColor(96, 84, 70));
            canvas.Translate(width * 0.47f, height * 0.53f);
            canvas.RotateDegrees(degrees);
            canvas.Scale(scale);
            using var image = SKImage.FromBitmap(qr);
            canvas.DrawImage(image, -qr.Width / 2f, -qr.Height / 2f, new SKSamplingOptions(SKFilterMode.Linear));
            canvas.ResetMatrix();
            using var shadow = new SKPaint { Shader = SKShader.CreateLinearGradient(new(0, 0), new(width, height), [new SKColor(0, 0, 0, 0), new SKColor(0, 0, 0, 110)], SKShaderTileMode.Clamp) };
            canvas.DrawRect(0, 0, width, height, shadow);
        }

        var noise = new Random(width);
        for (var dot = 0; dot < width * height / 50; dot++)
            photo.SetPixel(noise.Next(width), noise.Next(height), new SKColor((byte)noise.Next(256), (byte)noise.Next(256), (byte)noise.Next(256)));
        return Encoded(photo, format, quality);
    }

    private static byte[] Encoded(SKBitmap bitmap, SKEncodedImageFormat format, int quality)
    {
        using var data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>The PNG with other measures in its header (IHDR), and a checksum that is right.</summary>
    private static byte[] WithSize(byte[] png, int width, int height)
    {
        var changed = (byte[])png.Clone();
        BinaryPrimitives.WriteInt32BigEndian(changed.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(changed.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(29), Crc(changed.AsSpan(12, 17)));
        return changed;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }

        return ~crc;
    }
}
