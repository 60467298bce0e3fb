using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>Wrong product keys slow down whoever tries them, and lock nobody out.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class WrongKeyTests
{
    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task Wrong_keys_of_one_prefix_wait_longer_and_longer_and_the_right_one_does_not()
    {
        await using var publisher = await TestPublisher.StartAsync();
        var right = await publisher.MintAsync();
        var wrong = SamePrefix(right);
        for (var attempt = 0; attempt < WrongKeys.Free; attempt++)
            Assert.Equal(LicensingProblem.ProductKeyUnknown, await ProblemAsync(publisher.Client.CheckProductKeyAsync(new(wrong, null), Cancellation)));

        var slowed = publisher.Client.CheckProductKeyAsync(new(wrong, null), Cancellation);

        // The right one, of the same prefix, goes by the one that waits.
        Assert.Equal(ProductKeyState.Available, (await publisher.Client.CheckProductKeyAsync(new(right, null), Cancellation)).State);
        Assert.False(slowed.IsCompleted);
        while (!slowed.IsCompleted)
        {
            publisher.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, Cancellation);
        }

        Assert.Equal(LicensingProblem.ProductKeyUnknown, await ProblemAsync(slowed));
        publisher.Time.Advance(WrongKeys.Window);
        Assert.Equal(LicensingProblem.ProductKeyUnknown, await ProblemAsync(publisher.Client.CheckProductKeyAsync(new(wrong, null), Cancellation)));
    }

    [Fact]
    public async Task One_license_server_that_tries_many_keys_waits_too()
    {
        var time = new FakeTimeProvider(TestAuthority.Begin);
        var wrong = new WrongKeys(new Ostiary.Clearinghouse.Storage.WrongKeyMemory(), time);
        using var key = TestAuthority.NewKey();
        var (server, other) = (LicenseServerId.Of(TestAuthority.Spki(key)), LicenseServerId.Of(RandomNumberGenerator.GetBytes(91)));
        for (var attempt = 0; attempt < WrongKeys.Free; attempt++)
            await wrong.WaitAsync(NewKey(), server, Cancellation);

        foreach (var seconds in new[] { 1, 2, 3, 4, 5, 5, 5 })
        {
            var waiting = wrong.WaitAsync(NewKey(), server, Cancellation);
            time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(waiting.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(1));
            await waiting;
        }

        Assert.True(wrong.WaitAsync(NewKey(), other, Cancellation).IsCompleted);
        Assert.True(wrong.WaitAsync(NewKey(), null, Cancellation).IsCompleted);
        time.Advance(WrongKeys.Window);
        Assert.True(wrong.WaitAsync(server, Cancellation).IsCompleted);
    }

    [Fact]
    public async Task A_license_server_is_activated_anew_only_so_often_and_what_was_answered_is_answered_always()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = new TestLicenseServer();
        var first = await server.ActivateAsync(publisher);
        for (uint nonce = 1; nonce < Activations.MaxADay; nonce++)
            await ActivateAsync(publisher, server, nonce);

        Assert.Equal(LicensingProblem.TooManyAttempts, await ProblemAsync(ActivateAsync(publisher, server, 999)));

        Assert.Equal(first.Signature, (await server.ActivateAsync(publisher)).Signature);
        using var other = await publisher.NewLicenseServerAsync();
        publisher.Time.Advance(TimeSpan.FromDays(1));
        Assert.NotEmpty((await ActivateAsync(publisher, server, 999)).Signature);
    }

    private static Task<ActivateResponse> ActivateAsync(TestPublisher publisher, TestLicenseServer server, uint nonce)
    {
        var request = (server.Request with { Nonce = nonce }).Encode();
        return publisher.Client.ActivateAsync(new(request, server.Prove(request), TestPublisher.Company), Cancellation);
    }

    private static ProductKey NewKey() => ProductKey.Mint(CalType.Device, new(2022), 5, RandomNumberGenerator.GetBytes(ProductKey.RandomLength));

    // Another key that begins with the same two groups: of its 84 random bits the last one differs.
    private static string SamePrefix(string key)
    {
        const int randomBits = 84;
        Assert.True(ProductKey.TryParse(key, out var parsed, out _));
        Assert.True(Crockford.TryRead(key, ProductKey.SymbolCount, out var symbols, out _));
        UInt128 data = 0;
        foreach (var symbol in symbols[..22])
            data = (data << 5) | symbol;
        var random = ((data & ((UInt128.One << randomBits) - 1)) ^ 1) << ((ProductKey.RandomLength * 8) - randomBits);
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, random);
        var other = ProductKey.Mint(parsed.Type, parsed.Version, parsed.Quantity, bytes.AsSpan(16 - ProductKey.RandomLength)).Text;
        Assert.Equal(key[..11], other[..11]);
        Assert.NotEqual(key, other);
        return other;
    }

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
