using QRCoder;

namespace Ostiary.Host.Terminal;

/// <summary>QR pictures in a terminal, of half blocks.</summary>
internal static class QrPicture
{
    public static string Of(string text)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        return new AsciiQRCode(data).GetGraphicSmall();
    }
}
