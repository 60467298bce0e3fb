using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>The signer, as the clearinghouse calls it. What fails is told to a caller as <see cref="LicensingProblem.TemporarilyUnavailable"/>; why is logged.</summary>
internal sealed class SignerClient(HttpClient http, ILogger<SignerClient> logger) : IDisposable
{
    // 1 while it is away: said once when it goes and once when it is back, however often it is asked.
    private int _away;

    /// <summary>The issuing certificate and the root that the signer holds, PEM; <see cref="ParseIssuer"/> reads it.</summary>
    public async Task<string> IssuerAsync(CancellationToken cancellation)
    {
        using var response = await SendAsync(() => new(HttpMethod.Get, SignerRole.IssuerRoute), cancellation);
        return await response.Content.ReadAsStringAsync(cancellation);
    }

    /// <summary>The certificates of an <see cref="IssuerAsync"/>.</summary>
    /// <exception cref="ProblemException">It is something else.</exception>
    public (X509Certificate2 Issuing, X509Certificate2 Root) ParseIssuer(string answer)
        => CertificateChain.FromPem(answer) is [var issuing, var root] ? (issuing, root) : throw Failed("it did not answer with an issuing certificate and a root");

    /// <summary>64 bytes, IEEE P1363.</summary>
    public Task<byte[]> SignLicenseServerAsync(byte[] toBeSigned, CancellationToken cancellation)
        => SignAsync(SignerRole.LicenseServerRoute, toBeSigned, cancellation);

    /// <summary>Ecdsa-Sig-Value, DER.</summary>
    public Task<byte[]> SignClearinghouseTlsAsync(byte[] toBeSigned, CancellationToken cancellation)
        => SignAsync(SignerRole.ClearinghouseTlsRoute, toBeSigned, cancellation);

    /// <summary>The signed statement, COSE_Sign1.</summary>
    public Task<byte[]> SignKeyPackAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.KeyPackRoute, payload, cancellation);

    /// <summary>The signed statement, COSE_Sign1.</summary>
    public Task<byte[]> SignGraceExtensionAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.GraceExtensionRoute, payload, cancellation);

    /// <summary>The signed statement, COSE_Sign1.</summary>
    public Task<byte[]> SignTimeAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.TimeRoute, payload, cancellation);

    /// <summary>The signed statement, COSE_Sign1.</summary>
    public Task<byte[]> SignRevocationListAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.RevocationListRoute, payload, cancellation);

    /// <summary>The signed statement, COSE_Sign1.</summary>
    public Task<byte[]> SignSuccessionAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.SuccessionRoute, payload, cancellation);

    public Task<byte[]> SignAuditHeadAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.AuditHeadRoute, payload, cancellation);

    public Task<byte[]> SignDeactivationAsync(byte[] payload, CancellationToken cancellation)
        => SignAsync(SignerRole.DeactivationRoute, payload, cancellation);

    public void Dispose() => http.Dispose();

    private async Task<byte[]> SignAsync(string route, byte[] body, CancellationToken cancellation)
    {
        using var response = await SendAsync(() => new(HttpMethod.Post, route) { Content = Octets(body) }, cancellation);
        return await response.Content.ReadAsByteArrayAsync(cancellation);
    }

    private static ByteArrayContent Octets(byte[] body)
        => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            try
            {
                response = await http.SendAsync(request(), cancellation);
            }
            catch (HttpRequestException)
            {
                // A kept connection may be one of a signer that was restarted. To sign the same bytes twice harms nobody: one signature is stored.
                response = await http.SendAsync(request(), cancellation);
            }
        }
        catch (HttpRequestException unreachable)
        {
            throw Failed(unreachable.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Failed($"it did not answer within {http.Timeout.TotalSeconds:0.#} s");
        }

        if (Interlocked.Exchange(ref _away, 0) == 1)
            logger.SignerBack();
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            var problem = response.Content.Headers.ContentType?.MediaType == ProblemBody.ContentType
                ? await response.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemBody, cancellation)
                : null;
            logger.SignerRefused(problem?.Detail ?? $"status {(int)response.StatusCode}");
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "nothing can be signed at the moment; the publisher's log says why");
        }
    }

    private ProblemException Failed(string reason)
    {
        if (Interlocked.Exchange(ref _away, 1) == 0)
            logger.SignerUnreachable(reason);
        return new(LicensingProblem.TemporarilyUnavailable, "the signer does not answer; try again");
    }
}
