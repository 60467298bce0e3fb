using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;
using Ostiary.EndToEnd.Tests.Deployments;

namespace Ostiary.Benchmarks;

/// <summary>
/// Activations and redemptions a second, each stored, signed and audited, twice on the disk at the clearinghouse and once at the signer: both as processes
/// of their own, the callers in this one. Every one that was answered is counted in the database at the end.
/// </summary>
internal static class ClearinghouseBenchmark
{
    private const int Rounds = 3;
    private const int EachRound = 1_000;
    private const int MintedAtOnce = 1_000;

    public static async Task<Report> RunAsync(int callers, CancellationToken cancellation)
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutXrdp = true, DeviceCals = 0, Clearinghouse = ["Clearinghouse:AttemptsPerMinute=100000"] }, cancellation);
        using var root = X509CertificateLoader.LoadCertificateFromFile(deployment.RootFile);
        using var http = ClearinghouseServer.Connect(deployment.ClearinghouseAddress, () => root, () => [TimeProvider.System.GetUtcNow()], TimeSpan.FromSeconds(60));
        var clearinghouse = new ClearinghouseClient(http);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = NewActivation(key);
        var answer = await clearinghouse.ActivateAsync(own.Body, cancellation);
        using var issuing = X509Certificate2.CreateFromPem(answer.IssuingCertificate);
        var der = new ActivationAnswer(answer.Day, answer.KeyId, answer.Term, answer.Signature).TryAssemble(own.Request, issuing) ?? throw new CryptographicException("the answer does not verify");
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        var pem = certificate.ExportCertificatePem();

        var series = new Dictionary<string, IReadOnlyList<double>>();
        List<IReadOnlyList<string>> rows = [];
        await MeasureAsync("activations", _ => Task.FromResult(Enumerable.Range(0, EachRound).Select(_ =>
        {
            using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var body = NewActivation(fresh).Body;
            return (Func<Task>)(() => clearinghouse.ActivateAsync(body, cancellation));
        }).ToList()));
        await MeasureAsync("redemptions", async _ =>
        {
            var minted = await deployment.CommandAsync<MintResponse>(cancellation, "keys", "mint", "--quantity", "5", "--count", MintedAtOnce.ToString(CultureInfo.InvariantCulture));
            return minted.Keys.Select(minted =>
            {
                var wish = new RedemptionRequest(minted.ProductKey!, RandomNumberGenerator.GetBytes(RedemptionRequest.NonceLength), DateTimeOffset.UtcNow);
                var body = new RedeemRequest(Statement.Sign(wish.Encode(), key), pem);
                return (Func<Task>)(() => clearinghouse.RedeemAsync(body, cancellation));
            }).ToList();
        });
        var keys = await deployment.CommandAsync<Page<ProductKeyRecord>>(cancellation, "keys", "list", "--limit", "1000");
        if (keys.Items.Any(record => record.RedeemedAt is null))
            throw new InvalidOperationException("a redemption that was answered is not stored");

        return new Report(
            "clearinghouse", $"Activations and redemptions a second: stored, signed and audited, {callers} callers, median of {Rounds}",
            ["what", "a second", "p99 ms", "clearinghouse's CPU µs", "signer's CPU µs", "callers' CPU µs"], rows, series);

        async Task MeasureAsync(string what, Func<int, Task<List<Func<Task>>>> prepare)
        {
            List<double> rates = [], clearinghouseCpu = [], signerCpu = [], callersCpu = [], times = [];
            for (var round = -1; round < Rounds; round++)
            {
                var calls = await prepare(round);
                var before = Cpu();
                var took = new double[calls.Count];
                var next = -1;
                var clock = Stopwatch.StartNew();
                await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
                    async () =>
                    {
                        while (Interlocked.Increment(ref next) is var number && number < calls.Count)
                        {
                            var began = Stopwatch.GetTimestamp();
                            await calls[number]();
                            took[number] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                        }
                    },
                    cancellation)));
                var seconds = clock.Elapsed.TotalSeconds;
                var after = Cpu();
                // The first round compiles.
                if (round < 0)
                    continue;
                rates.Add(calls.Count / seconds);
                clearinghouseCpu.Add((after.Clearinghouse - before.Clearinghouse) / calls.Count * 1e6);
                signerCpu.Add((after.Signer - before.Signer) / calls.Count * 1e6);
                callersCpu.Add((after.Callers - before.Callers) / calls.Count * 1e6);
                times.AddRange(took);
            }

            rows.Add([what, .. new[] { Statistics.Median(rates), Statistics.Percentile(times, 0.99), Statistics.Median(clearinghouseCpu), Statistics.Median(signerCpu), Statistics.Median(callersCpu) }.Select(Report.Number)]);
            series[$"{what}/s"] = rates;
            series[$"{what} ms"] = times;
        }

        (double Clearinghouse, double Signer, double Callers) Cpu()
            => (ProcessMeter.CpuSeconds(deployment.Clearinghouse.Pid), ProcessMeter.CpuSeconds(deployment.Signer.Pid), ProcessMeter.CpuSeconds(Environment.ProcessId));
    }

    private static (ActivationRequest Request, ActivateRequest Body) NewActivation(ECDsa key)
    {
        var request = ActivationRequest.Of(key, ActivationKind.Activate, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))));
        var bytes = request.Encode();
        var proof = key.SignData(ActivateRequest.ToBeProven(bytes), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return (request, new(bytes, proof, new() { FirstName = "Ada", LastName = "Lovelace", Company = "Engines Ltd", Country = "GB" }));
    }
}
