namespace Ostiary.Roles.Tests;

/// <summary>Sends what a server may turn away before it has read it.</summary>
internal static class Patiently
{
    private const int Attempts = 10;

    /// <summary>What does not fit into the buffers between: the client would still write when the server closes.</summary>
    private const int Long = 8 * 1024;

    /// <summary>
    /// A server that answers and closes without reading the body may leave a client that still writes with a broken pipe instead of
    /// the answer. So a long body is sent only when the server asks for it (RFC 9110, 100-continue); and after a broken pipe the request is sent again.
    /// </summary>
    /// <param name="http">Who sends.</param>
    /// <param name="request">Makes the request anew for each attempt.</param>
    /// <param name="cancellation">Ends the attempts.</param>
    public static async Task<HttpResponseMessage> SendAsync(HttpClient http, Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var message = request();
            message.Headers.ExpectContinue = message.Content?.Headers.ContentLength > Long;
            try
            {
                return await http.SendAsync(message, cancellation);
            }
            catch (HttpRequestException broken) when (broken.InnerException is IOException && attempt < Attempts)
            {
                continue;
            }
        }
    }
}
