using System.Net.Sockets;

namespace Ostiary.Contracts.Http;

/// <summary>
/// Around the handler of every client: a peer that dies between the connect and the first byte makes <see cref="SocketsHttpHandler"/> throw the
/// socket's own exception, of which callers of HTTP know nothing. It becomes the <see cref="HttpRequestException"/> that they expect.
/// </summary>
public sealed class SocketFaults(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException gone)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, gone.Message, gone);
        }
    }
}
