using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;

namespace Ostiary.EndToEnd.Tests.Deployments;

/// <summary>
/// A session host that is only its conversation with the license server: it joins like any other, and then says what the test wants said.
/// Every message is sent again, with the same request id, until it is answered.
/// </summary>
public sealed class ScriptedHost : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    private readonly X509Certificate2 _certificate;
    private readonly HttpClient _http;

    private ScriptedHost(Uri licenseServer, X509Certificate2 certificate)
    {
        _certificate = certificate;
        _http = Connect(licenseServer, certificate);
    }

    public static async Task<ScriptedHost> JoinAsync(string invitationText, CancellationToken cancellation)
    {
        Assert.True(Invitation.TryParse(invitationText, out var invitation));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=scripted host", key, HashAlgorithmName.SHA256);
        using var selfMade = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var joining = Connect(invitation.LicenseServer, selfMade);
        var membership = await new LicenseServerClient(joining).JoinAsync(
            new(invitation.Token, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), "scripted"), cancellation);
        using var issued = CertificateChain.FromPem(membership.Certificate)[0];
        return new(invitation.LicenseServer, issued.CopyWithPrivateKey(key));
    }

    /// <summary>The same host at another node of its license server.</summary>
    public ScriptedHost At(Uri node) => new(node, X509CertificateLoader.LoadPkcs12(_certificate.Export(X509ContentType.Pkcs12), null));

    /// <summary>Somebody has logged on over a connection with this temporary CAL.</summary>
    public Task<ValidationAnswer> ValidateAsync(string serial, string account, CancellationToken cancellation)
    {
        var request = new ValidationRequest(Guid.NewGuid(), serial, account);
        return UntilAnsweredAsync(client => client.ValidateAsync(request, cancellation), cancellation);
    }

    /// <summary>A device that nobody knows connects.</summary>
    public Task<DeviceCalAnswer> RequestAsync(DeviceCalRequest request, CancellationToken cancellation)
        => UntilAnsweredAsync(client => client.RequestDeviceCalAsync(request, cancellation), cancellation);

    public void Dispose()
    {
        _http.Dispose();
        _certificate.Dispose();
    }

    private async Task<T> UntilAnsweredAsync<T>(Func<LicenseServerClient, Task<T>> ask, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await ask(new(_http));
            }
            catch (ProblemException away) when (away.Problem is LicensingProblem.Unreachable or LicensingProblem.TemporarilyUnavailable)
            {
                await Task.Delay(50, cancellation);
            }
        }
    }

    private static HttpClient Connect(Uri licenseServer, X509Certificate2 certificate) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
            // Whom it talks to is not what these tests are about; the real session host pins.
            RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null,
        },
        UseProxy = false,
    })
    {
        BaseAddress = licenseServer,
        Timeout = Timeout,
    };
}
