using System.Security.Cryptography;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Symbols;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The texts of product keys as they are stored.</summary>
public sealed class ProductKeySecretsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void Many_requests_at_once_seal_and_read_texts_without_mixing_them_up()
    {
        File.WriteAllBytes(_file, RandomNumberGenerator.GetBytes(64));
        using var secrets = ProductKeySecrets.Read(_file);

        var wrong = 0;
        Parallel.For(0, 20_000, number =>
        {
            var key = ProductKey.Mint(CalType.Device, new(2022), 1 + (number % 100), RandomNumberGenerator.GetBytes(ProductKey.RandomLength));
            var hash = secrets.LookupHash(key);
            if (secrets.Decrypt(secrets.Encrypt(key, hash), hash) != key.Text)
                Interlocked.Increment(ref wrong);
        });

        Assert.Equal(0, wrong);
    }

    [Fact]
    public void A_text_is_read_for_its_own_row_only()
    {
        File.WriteAllBytes(_file, RandomNumberGenerator.GetBytes(64));
        using var secrets = ProductKeySecrets.Read(_file);
        var key = ProductKey.Mint(CalType.User, new(2025), 5, RandomNumberGenerator.GetBytes(ProductKey.RandomLength));
        var sealedText = secrets.Encrypt(key, secrets.LookupHash(key));

        Assert.ThrowsAny<CryptographicException>(() => secrets.Decrypt(sealedText, new byte[32]));
    }

    public void Dispose() => File.Delete(_file);
}
