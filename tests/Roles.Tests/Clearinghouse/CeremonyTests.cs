using System.Security.Cryptography.X509Certificates;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Certificates;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

public sealed class CeremonyTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("ostiary-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void It_makes_a_root_an_issuing_key_and_the_keys_of_the_product_keys()
    {
        var record = Perform();

        using var root = Certificate("root/root.pem");
        using var issuing = Certificate("signer/issuing.pem");
        Assert.True(CertificateChain.LeadsTo(root, issuing, [], Now));
        Assert.Equal(new DateTime(2051, 3, 10, 0, 0, 0, DateTimeKind.Utc), root.NotAfter.ToUniversalTime());
        Assert.Equal(new DateTime(2038, 3, 10, 0, 0, 0, DateTimeKind.Utc), issuing.NotAfter.ToUniversalTime());
        Assert.Equal(new DateTimeOffset(2028, 3, 10, 0, 0, 0, TimeSpan.Zero), record.IssuingSignsUntil);
        Assert.Equal((KeyFingerprint.Of(root), KeyFingerprint.Of(issuing), "Example Ltd"), (record.Root, record.Issuing, record.Publisher));
        Assert.Equal("CN=Example Ltd Ostiary root", root.Subject);
        using var key = IssuingKey.Read(At("signer"));
        Assert.Equal(record.Issuing, KeyFingerprint.Of(key.Key));
        Assert.Equal(64, new FileInfo(At("clearinghouse/product-key.key")).Length);
        Assert.All(record.Files, file => Assert.True(file.Made && File.Exists(file.Path)));
    }

    [Fact]
    public void What_is_secret_is_its_owners_only_and_nothing_else_is_left()
    {
        Perform();

        foreach (var file in new[] { "root/root.key", "signer/issuing.key", "clearinghouse/product-key.key" })
            Assert.Equal("600", TestPublisher.ModeOf(At(file)));
        foreach (var directory in new[] { "root", "signer", "clearinghouse" })
            Assert.Equal("700", TestPublisher.ModeOf(At(directory)));
        Assert.Equal(
            ["clearinghouse/product-key.key", "clearinghouse/root.pem", "root/root.key", "root/root.pem", "signer/issuing.key", "signer/issuing.pem", "signer/root.pem"],
            Files().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Run_again_it_makes_and_changes_nothing_also_without_the_root_key()
    {
        Perform();
        File.Delete(At("root/root.key"));
        var before = Files();

        var record = Perform(Now.AddYears(1));

        Assert.All(record.Files, file => Assert.False(file.Made));
        Assert.Equal(before, Files());
    }

    // Every file is made by rename, so that what a crash leaves is a whole number of files.
    [Fact]
    public void Run_again_after_a_crash_anywhere_it_completes_and_keeps_what_is_there()
    {
        string[] order = ["root/root.key", "root/root.pem", "signer/issuing.key", "signer/issuing.pem", "signer/root.pem", "clearinghouse/product-key.key", "clearinghouse/root.pem"];
        Assert.Equal(order.Select(At), Perform().Files.Select(file => file.Path));
        for (var made = 0; made < order.Length; made++)
        {
            foreach (var file in order.Skip(made))
                File.Delete(At(file));
            var before = Files();

            var record = Perform();

            Assert.Equal(order.Length, Files().Count);
            Assert.All(before, file => Assert.Equal(file.Value, Files()[file.Key]));
            Assert.Equal(order.Select((_, index) => index >= made), record.Files.Select(file => file.Made));
            using var root = Certificate("root/root.pem");
            using var issuing = Certificate("signer/issuing.pem");
            Assert.True(CertificateChain.LeadsTo(root, issuing, [], Now));
        }
    }

    [Fact]
    public void It_writes_over_nothing_that_does_not_fit()
    {
        Perform();
        var before = Files();
        var other = Path.Combine(_directory, "other");

        Assert.Contains("not of \"Another\"", Refused(() => RootCeremony.Perform(At("root"), At("signer"), At("clearinghouse"), "Another", Now)), StringComparison.Ordinal);
        Assert.Contains("not signed by this root", Refused(() => RootCeremony.Perform(other, At("signer"), At("clearinghouse"), "Example Ltd", Now)), StringComparison.Ordinal);
        Assert.Contains("another root", Refused(() => RootCeremony.Perform(other, Path.Combine(other, "signer"), At("clearinghouse"), "Example Ltd", Now)), StringComparison.Ordinal);
        Directory.Delete(other, recursive: true);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Without_the_root_key_no_issuing_certificate_is_made()
    {
        Perform();
        File.Delete(At("root/root.key"));
        File.Delete(At("signer/issuing.pem"));

        Assert.Contains("root.key is not there", Refused(() => Perform()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("with \"marks\"")]
    [InlineData("two\nlines")]
    [InlineData("a name of forty-one characters, one too m")]
    public void A_publishers_name_has_limits(string name)
        => Refused(() => RootCeremony.Perform(At("root"), At("signer"), At("clearinghouse"), name, Now));

    [Theory]
    [InlineData("Müller, Söhne & Co. KG")]
    [InlineData("株式会社")]
    [InlineData("CN=evil+O=x")]
    public void A_publishers_name_is_taken_as_it_is(string name)
        => Assert.Equal(name, RootCeremony.PublisherOf(Root(RootCeremony.Perform(At("root"), At("signer"), At("clearinghouse"), name, Now))));

    private X509Certificate2 Root(CeremonyRecord record)
    {
        Assert.NotEmpty(record.Files);
        return Certificate("root/root.pem");
    }

    private static string Refused(Action ceremony) => Assert.Throws<CeremonyException>(ceremony).Message;

    private CeremonyRecord Perform(DateTimeOffset? now = null) => RootCeremony.Perform(At("root"), At("signer"), At("clearinghouse"), "Example Ltd", now ?? Now);

    private string At(string name) => Path.Combine(_directory, name);

    private X509Certificate2 Certificate(string name) => X509CertificateLoader.LoadCertificateFromFile(At(name));

    private Dictionary<string, string> Files()
        => Directory.GetFiles(_directory, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(_directory, path), path => Convert.ToHexString(File.ReadAllBytes(path)));
}
