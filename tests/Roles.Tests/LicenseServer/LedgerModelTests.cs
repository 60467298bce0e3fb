using CsCheck;
using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>
/// A walk through everything that happens to a ledger, beside a model that a person can check by reading: each device holds nothing, an unvalidated or
/// validated temporary CAL or a permanent one, with an end. After each step the answer, the seats and the statuses are compared.
/// </summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class LedgerModelTests
{
    private const int Devices = 6;
    private const int PermanentDays = 60;

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (10, Gen.Select(Gen.Int[0, Devices - 1], Gen.Bool).Select((device, presents) => (Step)new Step.Connect(device, presents))),
        (6, Gen.Int[0, Devices - 1].Select(device => (Step)new Step.LogOn(device))),
        (4, Gen.Int[1, 30].Select(days => (Step)new Step.Pass(days))),
        (1, Gen.Int[1, 2].Select(quantity => (Step)new Step.Install(quantity))),
        (1, Gen.Const((Step)new Step.SweepNow())),
        (1, Gen.Const((Step)new Step.Restart())));

    [Fact]
    public async Task The_ledger_does_what_the_model_does()
        => await Steps.Array[10, 60].SampleAsync(WalkAsync, iter: 60, threads: 1);

    private static async Task WalkAsync(Step[] steps)
    {
        await using var ledger = new TestLedger { PermanentDays = PermanentDays };
        var host = await ledger.JoinAsync();
        var model = new Model();
        var devices = Enumerable.Range(0, Devices).Select(index => new TestDevice($"CLIENT{index}")).ToArray();
        foreach (var step in steps)
        {
            switch (step)
            {
                case Step.Connect(var index, var presents):
                    var answer = await ledger.ConnectAsync(host, devices[index], presents);
                    var expected = model.Connect(index, ledger.Time.GetUtcNow());
                    Assert.Equal(expected, answer.Refused is { } reason ? reason.ToString() : answer.Granted!.Temporary ? "temporary" : "permanent");
                    if (answer.Granted is { } granted)
                        Assert.Equal(model.Devices[index].End, granted.ExpiresAt);
                    break;
                case Step.LogOn(var index) when devices[index].Serial.Length > 0:
                    Assert.Equal(model.LogOn(index, ledger.Time.GetUtcNow()), await ledger.LogOnAsync(host, devices[index]));
                    break;
                case Step.Pass(var days):
                    ledger.PassDays(days);
                    break;
                case Step.Install(var quantity):
                    await ledger.InstallPackAsync(quantity);
                    model.Seats += quantity;
                    break;
                case Step.SweepNow:
                    await Sweep.PassAsync(ledger.Ledger, TestContext.Current.CancellationToken);
                    break;
                case Step.Restart:
                    await ledger.RestartAsync();
                    break;
            }

            var now = ledger.Time.GetUtcNow();
            var seconds = now.ToUnixTimeSeconds();
            Assert.Equal(model.Held(now), ledger.Scalar($"SELECT count(*) FROM licenses WHERE kind = 1 AND status = 0 AND not_after >= {seconds}"));
            Assert.Equal(ledger.Scalar("SELECT count(*) FROM licenses WHERE kind = 1 AND status = 0"), ledger.Scalar("SELECT coalesce(sum(issued), 0) FROM packs"));
            Assert.Equal(0, ledger.Scalar("SELECT count(*) FROM packs WHERE issued > quantity OR issued < 0"));
        }

        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    private abstract record Step
    {
        public sealed record Connect(int Device, bool Presents) : Step;

        public sealed record LogOn(int Device) : Step;

        public sealed record Pass(int Days) : Step;

        public sealed record Install(int Quantity) : Step;

        public sealed record SweepNow : Step;

        public sealed record Restart : Step;
    }

    private enum Holds
    {
        Nothing,
        Unvalidated,
        Validated,
        Permanent,
    }

    private sealed class Model
    {
        public (Holds Holds, DateTimeOffset End)[] Devices { get; } = new (Holds, DateTimeOffset)[LedgerModelTests.Devices];

        public int Seats { get; set; }

        public int Held(DateTimeOffset now) => Devices.Count(device => device.Holds == Holds.Permanent && now <= device.End);

        public string Connect(int index, DateTimeOffset now)
        {
            var (holds, end) = Devices[index];
            var over = now > end;
            var free = Seats > Held(now);
            switch (holds)
            {
                case Holds.Nothing:
                case Holds.Unvalidated when over:
                    Devices[index] = (Holds.Unvalidated, now.AddDays(90));
                    return "temporary";
                case Holds.Unvalidated:
                    return "temporary";
                case Holds.Permanent when !over && end - now > TimeSpan.FromDays(7):
                    return "permanent";
                case Holds.Permanent when !over:
                case not Holds.Nothing when free:
                    Devices[index] = (Holds.Permanent, now.AddDays(PermanentDays));
                    return "permanent";
                case Holds.Validated when !over:
                    return "temporary";
                default:
                    return (holds == Holds.Validated ? RefusalReason.TemporaryExpired : RefusalReason.NoCalAvailable).ToString();
            }
        }

        public bool LogOn(int index, DateTimeOffset now)
        {
            if (Devices[index].Holds != Holds.Unvalidated)
                return true;
            if (now > Devices[index].End)
                return false;
            Devices[index].Holds = Holds.Validated;
            return true;
        }
    }
}
