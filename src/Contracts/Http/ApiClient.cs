using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ostiary.Contracts.Problems;

namespace Ostiary.Contracts.Http;

/// <summary>What the typed clients share: JSON in, JSON out, problems as <see cref="ProblemException"/>.</summary>
public static class ApiClient
{
    /// <summary>Bytes of an answer that a client reads at most.</summary>
    public const int MaxResponseLength = 4 * 1024 * 1024;

    /// <summary>Bytes, for whoever administers: a file of transferred key packs is the largest.</summary>
    public const int MaxAdministrationLength = 48 * 1024 * 1024;

    /// <summary>A client that speaks HTTP over a unix socket, for the local administration of a role.</summary>
    public static HttpClient OverUnixSocket(string path, TimeSpan timeout) => new(new SocketFaults(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
        UseProxy = false,
    }))
    {
        BaseAddress = new Uri("http://localhost/"),
        Timeout = timeout,
        MaxResponseContentBufferSize = MaxAdministrationLength,
    };

    public static async Task<TResponse> GetAsync<TResponse>(this HttpClient client, string path, CancellationToken cancellation)
    {
        using var response = await SendAsync(client, new HttpRequestMessage(HttpMethod.Get, path), cancellation).ConfigureAwait(false);
        return await ReadAsync<TResponse>(response, cancellation).ConfigureAwait(false);
    }

    public static Task<TResponse> PostAsync<TRequest, TResponse>(this HttpClient client, string path, TRequest body, CancellationToken cancellation)
        => WithBodyAsync<TRequest, TResponse>(client, HttpMethod.Post, path, body, cancellation);

    public static Task<TResponse> PutAsync<TRequest, TResponse>(this HttpClient client, string path, TRequest body, CancellationToken cancellation)
        => WithBodyAsync<TRequest, TResponse>(client, HttpMethod.Put, path, body, cancellation);

    public static async Task<TResponse> DeleteAsync<TResponse>(this HttpClient client, string path, CancellationToken cancellation)
    {
        using var response = await SendAsync(client, new HttpRequestMessage(HttpMethod.Delete, path), cancellation).ConfigureAwait(false);
        return await ReadAsync<TResponse>(response, cancellation).ConfigureAwait(false);
    }

    private static async Task<TResponse> WithBodyAsync<TRequest, TResponse>(HttpClient client, HttpMethod method, string path, TRequest body, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body, TypeInfo<TRequest>()) };
        using var response = await SendAsync(client, request, cancellation).ConfigureAwait(false);
        return await ReadAsync<TResponse>(response, cancellation).ConfigureAwait(false);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpRequestMessage request, CancellationToken cancellation)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using (request)
        {
            try
            {
                return await client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation).ConfigureAwait(false);
            }
            catch (HttpRequestException failure)
            {
                var (fault, text) = ConnectionFaults.Describe(failure, client.BaseAddress!);
                throw new ProblemException(LicensingProblem.Unreachable, text) { Fault = fault };
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // A client without a limit of its own gave up on connecting: its handler has a limit for that.
                var late = client.Timeout == Timeout.InfiniteTimeSpan
                    ? $"{client.BaseAddress} could not be connected to in time"
                    : $"{client.BaseAddress} did not answer within {client.Timeout.TotalSeconds:0.#} s";
                throw new ProblemException(LicensingProblem.Unreachable, late) { Fault = ConnectionFault.NoAnswer };
            }
        }
    }

    private static async Task<TResponse> ReadAsync<TResponse>(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            if (response.IsSuccessStatusCode)
                return await response.Content.ReadFromJsonAsync(TypeInfo<TResponse>(), cancellation).ConfigureAwait(false)
                    ?? throw new ProblemException(LicensingProblem.Unreachable, "the answer is empty");
            if (response.Content.Headers.ContentType?.MediaType == ProblemBody.ContentType
                && await response.Content.ReadFromJsonAsync(TypeInfo<ProblemBody>(), cancellation).ConfigureAwait(false) is { } problem)
                throw new ProblemException(problem.Code, problem.Detail ?? problem.Title, problem.Field);
        }
        catch (JsonException notOurs)
        {
            throw new ProblemException(LicensingProblem.Unreachable, $"the answer is not what this version understands: {notOurs.Message}");
        }

        throw new ProblemException(LicensingProblem.Unreachable, $"the answer has status {(int)response.StatusCode} and no reason");
    }

    private static JsonTypeInfo<T> TypeInfo<T>()
        => (JsonTypeInfo<T>)(ContractsJson.Default.GetTypeInfo(typeof(T)) ?? throw new InvalidOperationException($"{typeof(T)} is not part of {nameof(ContractsJson)}"));
}
