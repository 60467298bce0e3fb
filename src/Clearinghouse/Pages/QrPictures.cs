using QRCoder;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>QR pictures of codes.</summary>
internal static class QrPictures
{
    private const int PixelsPerModule = 4;

    /// <summary>An SVG element, black on white with its quiet zone, sized by its view box.</summary>
    public static string Svg(string text)
    {
        using var generator = new QRCodeGenerator();
        // A screen is clean: the least correction makes the largest modules.
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        return new SvgQRCode(data).GetGraphic(PixelsPerModule, "#000000", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute);
    }
}
