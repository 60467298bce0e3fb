using System.Net;
using System.Text;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Telephone;
using Ostiary.Doors.Databases;

namespace Ostiary.Clearinghouse;

/// <summary>Options of the clearinghouse.</summary>
/// <remarks>
/// Defaults:
/// <list type="bullet">
/// <item><see cref="Database"/> null: one SQLite file in the state directory, which needs no other server.</item>
/// <item><see cref="Listen"/> 127.0.0.1:7401: nothing is reachable from outside unless somebody says so.</item>
/// <item><see cref="OperatorsListen"/> null: operators come by the unix socket until somebody asks for more.</item>
/// <item><see cref="SignInsPerMinute"/> 10: a person mistypes, a program that tries words does not get far.</item>
/// <item><see cref="PublicAddress"/> the address that it listens on.</item>
/// <item>TLS files none: the signer certifies a key of the clearinghouse's own, which license servers check against the published root.</item>
/// <item><see cref="AttemptsPerMinute"/> 30: an administrator who types keys is never slowed, and guessing 84 random bits stays hopeless.</item>
/// <item><see cref="KeepRedeemedTexts"/> 30 days: as long as a buyer may want to see a key again that was just installed.</item>
/// <item><see cref="KeepCompanyInformation"/> 3 years: as long as claims about a sale are made; longer than that nobody needs to know.</item>
/// <item><see cref="ReleaseUnredeemedDraws"/> 30 days: a key pack is carried to its license server in days; who comes later draws again.</item>
/// <item><see cref="TelephoneNumbers"/> none: a telephone desk is people, who must be there first.</item>
/// <item><see cref="SignerTimeout"/> 10 s: a signature takes milliseconds.</item>
/// </list>
/// </remarks>
public sealed class ClearinghouseOptions
{
    /// <summary>Directory with <c>root.pem</c> and <c>product-key.key</c> of the ceremony; database, TLS key and socket are made there.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The signer's socket; see <see cref="SignerOptions.Socket"/>.</summary>
    public required string SignerSocket { get; init; }

    /// <summary>
    /// The PostgreSQL database, as keywords and values, e.g. <c>Host=/run/postgresql;Database=clearinghouse;Username=ostiary</c>. A password stands in the file
    /// that <c>Passfile</c> or the environment variable <c>PGPASSFILE</c> names. Null: <c>clearinghouse.db</c> in the state directory.
    /// </summary>
    public string? Database { get; init; }

    /// <summary>IP address and port of the HTTPS door; port 0 lets the system choose.</summary>
    public string Listen { get; init; } = "127.0.0.1:7401";

    /// <summary>Where operators reach it over HTTPS, with accounts and tokens: IP address and port. Null: nowhere but at the unix socket. Port 0 lets the system choose.</summary>
    public string? OperatorsListen { get; init; }

    /// <summary>Operators' sign-ins that are taken from one address in 60 seconds.</summary>
    public int SignInsPerMinute { get; init; } = 10;

    /// <summary>Where license servers reach it, as the status shows; https only.</summary>
    public Uri? PublicAddress { get; init; }

    /// <summary>Certificate (leaf first) of the HTTPS door, PEM; with <see cref="TlsKeyFile"/>, or neither.</summary>
    public string? TlsCertificateFile { get; init; }

    /// <summary>Private key of <see cref="TlsCertificateFile"/>, PEM, not encrypted.</summary>
    public string? TlsKeyFile { get; init; }

    /// <summary>Activations, checks and redemptions that one address (IPv6: one /64) may try in any 60 seconds.</summary>
    public int AttemptsPerMinute { get; init; } = 30;

    /// <summary>How long the text of a redeemed product key is kept, encrypted.</summary>
    public TimeSpan KeepRedeemedTexts { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long company information is kept after the end of the license server's last certificate.</summary>
    public TimeSpan KeepCompanyInformation { get; init; } = TimeSpan.FromDays(3 * 365);

    /// <summary>How long what was drawn from an agreement waits to be installed, before it is given back to the agreement.</summary>
    public TimeSpan ReleaseUnredeemedDraws { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The telephone desk's numbers, by country (two letters of ISO 3166-1; <c>*</c> for all others).</summary>
    public IReadOnlyDictionary<string, string> TelephoneNumbers { get; init; } = new Dictionary<string, string>();

    /// <summary>How long the signer may take to answer.</summary>
    public TimeSpan SignerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The socket for operators, mode 0600.</summary>
    public string AdministrationSocket => Path.Combine(StateDirectory, "admin.sock");

    /// <summary>For tests: called after each step of an issuance, and may throw as a crash would end it.</summary>
    internal Action<IssuanceStep>? AfterStep { get; init; }

    internal IPEndPoint? OperatorsEndPoint => OperatorsListen is null ? null : IPEndPoint.Parse(OperatorsListen);

    internal string DatabaseFile => Path.Combine(StateDirectory, "clearinghouse.db");

    internal string RootFile => Path.Combine(StateDirectory, "root.pem");

    internal string TrustFile => Path.Combine(StateDirectory, RootCeremony.TrustFile);

    internal string WithdrawnFile => Path.Combine(StateDirectory, RootCeremony.WithdrawnFile);

    internal string SecretsFile => Path.Combine(StateDirectory, ProductKeySecrets.FileName);

    internal string TlsFile => Path.Combine(StateDirectory, "tls.pem");

    /// <summary>Everything that is wrong, each naming its option; empty when all is right.</summary>
    public IReadOnlyList<string> Check()
    {
        List<string> errors = [];
        if (string.IsNullOrWhiteSpace(StateDirectory))
            errors.Add($"{nameof(StateDirectory)} is required");
        else
        {
            foreach (var file in new[] { RootFile, SecretsFile })
                if (!File.Exists(file))
                    errors.Add($"{nameof(StateDirectory)}: {file} is not there; the root ceremony makes it");
            CheckSocket(nameof(StateDirectory), AdministrationSocket, errors);
        }

        if (string.IsNullOrWhiteSpace(SignerSocket))
            errors.Add($"{nameof(SignerSocket)} is required");
        else
            CheckSocket(nameof(SignerSocket), SignerSocket, errors);
        if (Database is not null && PostgresConnection.Check(Database) is { } wrong)
            errors.Add($"{nameof(Database)}: {wrong}");
        if (!IPEndPoint.TryParse(Listen, out _))
            errors.Add($"{nameof(Listen)}: \"{Listen}\" is not an IP address with a port, for example 127.0.0.1:7401 or [::]:7401");
        if (OperatorsListen is not null && !IPEndPoint.TryParse(OperatorsListen, out _))
            errors.Add($"{nameof(OperatorsListen)}: \"{OperatorsListen}\" is not an IP address with a port, for example 127.0.0.1:7404 or [::]:7404");
        if (SignInsPerMinute is < 1 or > 10_000)
            errors.Add($"{nameof(SignInsPerMinute)} is {SignInsPerMinute}; 1 to 10,000 are taken");
        if (PublicAddress is { } address && (!address.IsAbsoluteUri || address.Scheme != Uri.UriSchemeHttps))
            errors.Add($"{nameof(PublicAddress)}: \"{address}\" is not an https address");
        if (TlsCertificateFile is null != TlsKeyFile is null)
            errors.Add($"{nameof(TlsCertificateFile)} and {nameof(TlsKeyFile)} are given together or not at all");
        foreach (var (name, file) in new[] { (nameof(TlsCertificateFile), TlsCertificateFile), (nameof(TlsKeyFile), TlsKeyFile) })
            if (file is not null && !File.Exists(file))
                errors.Add($"{name}: {file} is not there");
        if (AttemptsPerMinute is < 1 or > 100_000)
            errors.Add($"{nameof(AttemptsPerMinute)} is {AttemptsPerMinute}; 1 to 100,000 are taken");
        if (KeepRedeemedTexts < TimeSpan.Zero || KeepRedeemedTexts > TimeSpan.FromDays(3650))
            errors.Add($"{nameof(KeepRedeemedTexts)} is {KeepRedeemedTexts}; 0 to 3,650 days are taken");
        if (KeepCompanyInformation < TimeSpan.Zero || KeepCompanyInformation > TimeSpan.FromDays(36_500))
            errors.Add($"{nameof(KeepCompanyInformation)} is {KeepCompanyInformation}; 0 to 36,500 days are taken");
        if (ReleaseUnredeemedDraws < TimeSpan.FromHours(1) || ReleaseUnredeemedDraws > TimeSpan.FromDays(3650))
            errors.Add($"{nameof(ReleaseUnredeemedDraws)} is {ReleaseUnredeemedDraws}; 1 hour to 3,650 days are taken");
        if (TelephoneNumbers.Count > TelephoneNumber.MostNumbers)
            errors.Add($"{nameof(TelephoneNumbers)} has {TelephoneNumbers.Count} numbers; at most {TelephoneNumber.MostNumbers} are taken");
        errors.AddRange(TelephoneNumbers.Select(pair => TelephoneNumber.Check(pair.Key, pair.Value)).OfType<string>().Select(error => $"{nameof(TelephoneNumbers)}: {error}"));
        if (SignerTimeout < TimeSpan.FromMilliseconds(100) || SignerTimeout > TimeSpan.FromMinutes(5))
            errors.Add($"{nameof(SignerTimeout)} is {SignerTimeout}; 0.1 s to 5 min are taken");
        return errors;
    }

    private static void CheckSocket(string option, string path, List<string> errors)
    {
        if (Encoding.UTF8.GetByteCount(path) > SignerOptions.MaxSocketPathLength)
            errors.Add($"{option}: the path {path} is over the {SignerOptions.MaxSocketPathLength} bytes of a unix socket");
    }
}

/// <summary>The steps of an activation (and reactivation), of a redemption and of a deactivation; <c>docs/issuance-cycle.md</c> says what a crash after each leaves.</summary>
internal enum IssuanceStep
{
    ActivationStored,
    ActivationSigned,
    ActivationSignatureStored,
    RedemptionStored,
    RedemptionSigned,
    RedemptionSignatureStored,
    SuccessionStored,
    SuccessionSigned,
    SuccessionPacksSigned,
    DeactivationStored,
    DeactivationListed,
    DeactivationSigned,
    DeactivationSignatureStored,
    TransferStored,
    TransferSigned,
}
