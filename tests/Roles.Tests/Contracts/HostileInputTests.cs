using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

/// <summary>
/// Everything that comes from outside as text or bytes, random and mutated: it is read, or refused by the documented error that names what is wrong, and
/// whatever it says of its lengths, no more is allocated than is stated here for an input of its size.
/// </summary>
public sealed partial class HostileInputTests : IDisposable
{
    private const int Runs = 2_000;
    private const int FewerRuns = 400;

    // Bytes on the managed heap, errors included. A certificate's own are few; its readers make objects of all that is in it.
    private static readonly Limit Texts = new(64 * 1024, 32);
    private static readonly Limit Statements = new(64 * 1024, 32);
    private static readonly Limit Certificates = new(256 * 1024, 64);

    private static readonly DateTimeOffset At = TestAuthority.Begin.AddDays(3);

    private readonly TestAuthority _authority = new();
    private readonly KeyFingerprint _key;

    public HostileInputTests() => _key = KeyFingerprint.Of(_authority.LicenseServerKey);

    public void Dispose() => _authority.Dispose();

    public static TheoryData<string> StatementTypes => [.. StatementsOf(KeyFingerprint.Of(new byte[91])).Select(statement => statement.Name)];

    [Theory]
    [MemberData(nameof(StatementTypes))]
    public void A_statements_payload_is_read_or_refused_by_an_error_that_names_the_member(string type)
    {
        var statement = StatementsOf(_key).Single(known => known.Name == type);
        statement.Decode(statement.Sample);

        Inputs([statement.Sample, .. StatementsOf(_key).Select(other => other.Sample)], CborLengths).Sample(
            bytes => Statements.Holds(bytes.Length, () =>
            {
                try
                {
                    statement.Decode(bytes);
                }
                catch (CborContentException malformed)
                {
                    Assert.Matches(NamesMember(), malformed.Message);
                }
            }),
            iter: Runs);
    }

    [Fact]
    public void A_signed_message_is_read_or_refused_whatever_is_in_it()
    {
        var statements = StatementsOf(_key);
        var samples = statements.Select(statement => Statement.Sign(statement.Sample, _authority.IssuingKey)).ToArray();
        var payloads = statements.Select(statement => Convert.ToHexString(statement.Sample)).ToHashSet();

        Inputs(samples, CborLengths).Sample(
            bytes => Statements.Holds(bytes.Length, () =>
            {
                // Whatever was changed, what verifies is what was signed.
                Assert.False(Statement.TryVerify(bytes, _authority.IssuingKey, out var payload) && !payloads.Contains(Convert.ToHexString(payload)));
                _ = Statement.TryReadUnverified(bytes, out _);
                _ = Statement.TryReadSigner(bytes, out _);
                try
                {
                    _ = Statement.SignatureOf(bytes);
                }
                catch (CborContentException)
                {
                    // The documented one.
                }
            }),
            iter: FewerRuns);
    }

    [Fact]
    public void A_code_is_read_or_refused_as_text_as_a_link_and_as_what_is_in_it()
    {
        var request = new TestLicenseServer();
        using (request)
        {
            var activation = request.NewActivation();
            var requests = new[]
            {
                RequestCode.Activation(activation.Request, activation.Proof),
                new RequestCode(CodeKind.KeyPack, Statement.Sign(new RedemptionRequest("2GR02-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ", new byte[16], At).Encode(), _authority.LicenseServerKey)),
            };
            var responses = new[]
            {
                ResponseCode.KeyPack(Statement.Sign(StatementsOf(_key)[0].Sample, _authority.IssuingKey), _authority.Issuing.RawData),
                ResponseCode.Draw("2GR02-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ", Statement.Sign(StatementsOf(_key)[0].Sample, _authority.IssuingKey), _authority.Issuing.RawData),
                ResponseCode.Activation(new(20_000, 7, 10, new byte[ActivationAnswer.SignatureLength]), _authority.Issuing.RawData),
            };
            string[] texts = [.. requests.Select(code => code.Text), .. responses.Select(code => code.Text), .. requests.Select(code => "https://clearinghouse.example/web#" + code.Text)];
            Inputs([.. texts.Select(Encoding.UTF8.GetBytes)], []).Sample(
                bytes => Texts.Holds(bytes.Length, () =>
                {
                    var text = Encoding.UTF8.GetString(bytes);
                    Assert.True(RequestCode.TryParse(text, out var asked, out var error) || Names(error, "request code"), error);
                    Assert.True(ResponseCode.TryParse(text, out var answered, out error) || Names(error, "response code"), error);
                    Assert.True(RequestCode.OfLink(text).Length <= text.Length);
                    Assert.True(RequestCode.TryParse(RequestCode.OfLink(text), out asked, out error) || Names(error, "request code"), error);
                    _ = asked?.Kind == CodeKind.Activation ? asked.ReadActivation() : default;
                    _ = (answered?.ReadActivation(), answered?.ReadKeyPack(), answered?.ReadDraw());
                }),
                iter: Runs);

            // What is whole as a code may hold anything.
            Inputs([.. requests.Select(code => code.Content), .. responses.Select(code => code.Content)], CborLengths).Sample(
                bytes => Texts.Holds(bytes.Length, () =>
                {
                    foreach (var kind in Enum.GetValues<CodeKind>())
                    {
                        _ = kind == CodeKind.Activation ? new RequestCode(kind, bytes).ReadActivation() : default;
                        var answer = new ResponseCode(kind, bytes);
                        _ = (answer.ReadActivation(), answer.ReadKeyPack(), answer.ReadDraw());
                    }

                    _ = ActivationRequest.TryDecode(bytes, out _);
                }),
                iter: Runs);
        }

        foreach (var huge in new[] { new string('A', 10_000_000), new string(' ', 10_000_000), "OSTIARY-REQUEST:" + new string('0', 10_000_000) })
            new Limit(64 * 1024, 0).Holds(huge.Length, () =>
            {
                Assert.False(RequestCode.TryParse(huge, out _, out var error));
                Assert.Contains("10000", error, StringComparison.Ordinal);
            });
    }

    [Fact]
    public void Product_keys_License_Server_IDs_groups_and_invitations_are_read_or_refused_and_the_error_says_where()
    {
        var key = ProductKey.Mint(CalType.Device, new(2022), 5, RandomNumberGenerator.GetBytes(ProductKey.RandomLength)).Text;
        var id = LicenseServerId.Of(_key).Text;
        var invitation = new Invitation(new("https://license.example:7402/"), _key, new string('a', 32)).Format();
        Inputs([.. new[] { key, id, invitation }.Select(Encoding.UTF8.GetBytes)], []).Sample(
            bytes => Texts.Holds(bytes.Length, () =>
            {
                var text = Encoding.UTF8.GetString(bytes);
                Assert.True(ProductKey.TryParse(text, out _, out var wrong) || Where().IsMatch(wrong.Message), wrong?.Message);
                Assert.True(LicenseServerId.TryParse(text, out _, out var error) || Where().IsMatch(error), error);
                _ = Invitation.TryParse(text, out _);
                for (var group = 1; group <= LicenseServerId.Groups; group++)
                    Assert.True(LicenseServerId.CheckGroup(group, text) is not { } said || said.Contains($"group {group}", StringComparison.Ordinal));
                Assert.True(ProductKey.CheckGroup(1, text) is not { } what || what.Contains("group 1", StringComparison.Ordinal));
            }),
            iter: Runs);
    }

    [Fact]
    public void Groups_that_were_heard_are_read_or_each_wrong_one_is_named()
    {
        foreach (var (form, length) in new[] { (SpokenForm.ActivationRequest, ActivationRequest.Length), (SpokenForm.ActivationAnswer, ActivationAnswer.Length), (SpokenForm.KeyPackAnswer, KeyPackAnswer.Length) })
        {
            var spoken = string.Join(' ', form.Write(RandomNumberGenerator.GetBytes(length)));
            Inputs([Encoding.UTF8.GetBytes(spoken)], []).Sample(
                bytes => Texts.Holds(bytes.Length, () =>
                {
                    var heard = Encoding.UTF8.GetString(bytes);
                    foreach (var groups in new[] { form.Split(heard), heard.Split(' '), [heard], [] })
                        Assert.True(form.TryRead(groups, out var read, out var errors) ? read.Length == length : errors.Count > 0 && errors.All(error => error.Contains("group", StringComparison.Ordinal)));
                    Assert.True(form.Check(3, heard) is not { } said || said.Contains("group 3", StringComparison.Ordinal));
                }),
                iter: FewerRuns);
        }
    }

    [Fact]
    public void A_certificate_is_read_or_refused_by_every_reader_there_is()
    {
        var trust = PublisherTrust.Of(_authority.Root);
        Inputs([.. CertificatesOf().Select(certificate => certificate.RawData)], DerLengths).Sample(
            bytes => Certificates.Holds(bytes.Length, () =>
            {
                try
                {
                    _ = CertificateFields.Split(bytes);
                }
                catch (AsnContentException)
                {
                    // The documented one.
                }

                X509Certificate2 certificate;
                try
                {
                    certificate = X509CertificateLoader.LoadCertificate(bytes);
                }
                catch (CryptographicException)
                {
                    // The framework's.
                    return;
                }

                using (certificate)
                {
                    _ = SessionHostCertificate.TryRead(certificate, out _);
                    _ = RootCertificates.IsRoot(certificate) | RootCertificates.IsCrossOf(_authority.Root, certificate) | RootCertificates.HoldsAt(certificate, At);
                    _ = CertificateProfiles.HasOnlyUsage(certificate, OstiaryOids.LicenseServerUsage) | Algorithms.Has(certificate);
                    _ = DeviceCal.IsSignedBy(certificate, _authority.Issuing) | DeviceCal.IsSignedBy(_authority.LicenseServer, certificate);
                    _ = CertificateChain.LeadsTo(_authority.Root, certificate, [_authority.Issuing, _authority.LicenseServer], At);
                    _ = trust.IsIssuing(certificate, At) | trust.LeadsTo(_authority.LicenseServer, [certificate], At);
                }
            }),
            iter: FewerRuns);
    }

    [Fact]
    public void A_stored_license_a_file_of_issuing_certificates_and_a_trust_bundle_are_read_or_refused()
    {
        var trust = PublisherTrust.Of(_authority.Root);
        var cal = CertificatesOf()[0].RawData;
        var stored = DeviceCal.WriteStored(cal, [_authority.LicenseServer, _authority.Issuing]);
        var issuing = Encoding.UTF8.GetBytes(
            TelephoneNumber.Write(TelephoneNumber.Of(new Dictionary<string, string> { ["CA"] = "+1 613 555 0100", ["*"] = "+44 20 7946 0000" })) + CertificateChain.ToPem([_authority.Issuing, _authority.Root]));
        var extension = Encoding.UTF8.GetBytes(GraceExtensionFile.Format(
            Statement.Sign(new GraceExtensionStatement(Guid.NewGuid(), new string('a', 32), 5, At).Encode(), _authority.IssuingKey), _authority.Issuing));
        var revocations = Statement.Sign(new ClearinghouseRevocationsStatement(7, At, [], []).Encode(), _authority.IssuingKey);
        var head = Statement.Sign(new AuditHeadStatement(7, new byte[32], At).Encode(), _authority.IssuingKey);
        Assert.True(DeviceCal.TryRead(stored, out var good));
        good.Dispose();
        Assert.True(GraceExtensionFile.TryVerify(Encoding.UTF8.GetString(extension), trust, At, out _));
        Assert.NotNull(trust.Take(new(CertificateChain.ToPem([_authority.Root]), null, revocations, _authority.Issuing.ExportCertificatePem()), At).Revocations);
        Assert.NotNull(new AuditHeadDocument(head, _authority.Issuing.ExportCertificatePem()).Verify(trust, At, out _));

        // The text is mutated, and the DER within whole PEM.
        var texts = Inputs([stored, issuing, extension], []);
        var within = Inputs([cal, _authority.Issuing.RawData, revocations], DerLengths).Select(der => Encoding.ASCII.GetBytes(
            PemEncoding.WriteString("CERTIFICATE", der) + "\n" + _authority.LicenseServer.ExportCertificatePem() + "\n" + PemEncoding.WriteString("OSTIARY GRACE EXTENSION", der) + "\n"));
        Gen.OneOf(texts, within).Sample(
            bytes => Certificates.Holds(bytes.Length, () =>
            {
                var text = Encoding.UTF8.GetString(bytes);
                if (DeviceCal.TryRead(bytes, out var read))
                    using (read)
                        _ = read.Verify([read.LicenseServer], trust, [], new byte[20], At);
                Assert.True(TelephoneNumber.Read(text).Count <= TelephoneNumber.MostNumbers);
                _ = GraceExtensionFile.TryVerify(text, trust, At, out _);
                try
                {
                    foreach (var certificate in CertificateChain.FromPem(text))
                        certificate.Dispose();
                }
                catch (CryptographicException)
                {
                    // The documented one.
                }

                _ = trust.Take(new(text, bytes, revocations, text), At);
                _ = trust.Take(new(CertificateChain.ToPem([_authority.Root]), revocations, bytes, text), At);
                if (new AuditHeadDocument(bytes, _authority.Issuing.ExportCertificatePem()).Verify(trust, At, out var error) is null)
                    Assert.Contains("head", error, StringComparison.Ordinal);
                if (new AuditHeadDocument(head, text).Verify(trust, At, out error) is null)
                    Assert.Matches("issuingCertificate|head", error);
            }),
            iter: FewerRuns);
    }

    private static List<(string Name, byte[] Sample, Action<byte[]> Decode)> StatementsOf(KeyFingerprint key) =>
    [
        (nameof(KeyPackStatement), new KeyPackStatement(Guid.NewGuid(), key, CalType.User, new(2022), 5, "retail", At, At.AddYears(1)).Encode(), bytes => KeyPackStatement.Decode(bytes)),
        (nameof(RedemptionRequest), new RedemptionRequest("2GR02-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ", new byte[16], At).Encode(), bytes => RedemptionRequest.Decode(bytes)),
        (nameof(DrawRequest), new DrawRequest("select", ["1234567", "7654321"], CalType.Device, new(2022), 5, new byte[16], At).Encode(), bytes => DrawRequest.Decode(bytes)),
        (nameof(ReplacementRequestStatement), new ReplacementRequestStatement(new byte[ActivationRequest.Length], [Guid.NewGuid(), Guid.NewGuid()]).Encode(), bytes => ReplacementRequestStatement.Decode(bytes)),
        (nameof(RevocationListStatement), new RevocationListStatement(3, At, [new('a', 32)], [new('b', 32)], [Guid.NewGuid()]).Encode(), bytes => RevocationListStatement.Decode(bytes)),
        (
            nameof(ClearinghouseRevocationsStatement),
            new ClearinghouseRevocationsStatement(3, At, [new(key, ClearinghouseRevocationReason.Lost, At)], [new(Guid.NewGuid(), ClearinghouseRevocationReason.Refunded, At)]).Encode(),
            bytes => ClearinghouseRevocationsStatement.Decode(bytes)),
        (nameof(WithdrawnIssuingKeysStatement), new WithdrawnIssuingKeysStatement(3, At, [new(key, At)]).Encode(), bytes => WithdrawnIssuingKeysStatement.Decode(bytes)),
        (nameof(GraceExtensionStatement), new GraceExtensionStatement(Guid.NewGuid(), new('a', 32), 5, At).Encode(), bytes => GraceExtensionStatement.Decode(bytes)),
        (nameof(GraceRecordStatement), new GraceRecordStatement(new('a', 32), At, At.AddDays(1), 5, [Guid.NewGuid()], At, 7).Encode(), bytes => GraceRecordStatement.Decode(bytes)),
        (nameof(UserLeaseStatement), new UserLeaseStatement(Guid.NewGuid(), new('a', 32), new(2022), new byte[32], At, At.AddDays(60)).Encode(), bytes => UserLeaseStatement.Decode(bytes)),
        (nameof(SignedTimeStatement), new SignedTimeStatement(new byte[16], At).Encode(), bytes => SignedTimeStatement.Decode(bytes)),
        (nameof(AuditHeadStatement), new AuditHeadStatement(7, new byte[32], At).Encode(), bytes => AuditHeadStatement.Decode(bytes)),
    ];

    private List<X509Certificate2> CertificatesOf()
    {
        var data = new DeviceCalData(new(2022), false, Guid.NewGuid(), DeviceCalData.DigestHardwareId(_key, new byte[20]));
        var host = new SessionHostData(Guid.NewGuid(), new(2022), LicensingMode.PerUser);
        return
        [
            TestAuthority.Sign(CertificateProfiles.DeviceCal(_authority.LicenseServer, data, TestAuthority.Serial(), At, At.AddDays(60)), _authority.LicenseServerKey),
            TestAuthority.Sign(
                CertificateProfiles.SessionHost(_authority.LicenseServer, TestAuthority.Spki(_authority.RootKey), host, TestAuthority.Serial(), At, At.AddDays(30)), _authority.LicenseServerKey),
            _authority.LicenseServer,
            _authority.Issuing,
            _authority.Root,
        ];
    }

    /// <summary>Random bytes, and good ones with a few places changed, cut off, made longer, spliced with others, or claiming other lengths.</summary>
    /// <param name="samples">Good ones.</param>
    /// <param name="lengths">How the format says a length that is not there.</param>
    private static Gen<byte[]> Inputs(byte[][] samples, byte[][] lengths)
    {
        var sample = Gen.Int[0, samples.Length - 1].Select(index => samples[index]);
        var changed = Gen.Select(sample, Gen.Select(Gen.Int[0, 4_095], Gen.Byte).Array[1, 4], (good, places) =>
        {
            var bytes = (byte[])good.Clone();
            foreach (var (place, value) in places)
                bytes[place % bytes.Length] = value;
            return bytes;
        });
        var cut = Gen.Select(sample, Gen.Int[0, 4_095], (good, length) => good[..(length % good.Length)]);
        var longer = Gen.Select(sample, Gen.Byte.Array[1, 60], Gen.Int[0, 4_095], (good, more, place) => (byte[])[.. good[..(place % good.Length)], .. more, .. good[(place % good.Length)..]]);
        var spliced = Gen.Select(sample, sample, Gen.Int[0, 4_095], Gen.Int[0, 4_095], (one, other, end, begin) => (byte[])[.. one[..(end % one.Length)], .. other[(begin % other.Length)..]]);
        var claimed = lengths.Length == 0 ? changed : Gen.Select(sample, Gen.Int[0, lengths.Length - 1].Select(index => lengths[index]), Gen.Int[0, 4_095], (good, length, place) =>
        {
            var at = place % good.Length;
            return (byte[])[.. good[..at], .. length, .. good[Math.Min(good.Length, at + 1)..]];
        });
        return Gen.OneOf(Gen.Byte.Array[0, 300], changed, changed, cut, longer, spliced, claimed, claimed);
    }

    // Text, bytes, arrays and maps of four thousand million entries, and of a number that has no end.
    private static byte[][] CborLengths { get; } =
    [
        [0x5A, 0xFF, 0xFF, 0xFF, 0xFF], [0x7A, 0x7F, 0xFF, 0xFF, 0xFF], [0x9A, 0x7F, 0xFF, 0xFF, 0xFF], [0xBA, 0x7F, 0xFF, 0xFF, 0xFF], [0x9B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x9F], [0x5F], [0xBF],
        [0x1B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x3B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ];

    private static byte[][] DerLengths { get; } = [[0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF], [0x04, 0x84, 0x7F, 0xFF, 0xFF, 0xFF], [0x02, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x30, 0x80], [0x03, 0x01], [0x04, 0x00]];

    private static bool Names(string? error, string what) => error?.Contains(what, StringComparison.Ordinal) == true;

    [GeneratedRegex(@"member \d+|not of type|not of version|after the statement|quantity|number|machine id|nonce|keys|entries|days|digest|activation")]
    private static partial Regex NamesMember();

    [GeneratedRegex(@"symbol|group|has \d+|product key", RegexOptions.IgnoreCase)]
    private static partial Regex Where();

    /// <param name="Bytes">For any input.</param>
    /// <param name="Each">And for each of its bytes.</param>
    private sealed record Limit(long Bytes, long Each)
    {
        public void Holds(int length, Action read)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            read();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= Bytes + (Each * length), $"{allocated} bytes were allocated for {length}");
        }
    }
}
