using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>What a license server does at a clearinghouse.</summary>
public sealed class TestLicenseServer : IDisposable
{
    public TestLicenseServer()
    {
        Request = ActivationRequest.Of(Key, ActivationKind.Activate, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)));
        Id = LicenseServerId.Of(TestAuthority.Spki(Key));
    }

    public ECDsa Key { get; } = TestAuthority.NewKey();

    public ActivationRequest Request { get; }

    public LicenseServerId Id { get; }

    public X509Certificate2 Certificate { get; set; } = null!;

    public ActivateRequest NewActivation()
    {
        var request = Request.Encode();
        return new(request, Prove(request), TestPublisher.Company);
    }

    public byte[] Prove(byte[] request)
        => Key.SignData(ActivateRequest.ToBeProven(request), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public async Task<ActivateResponse> ActivateAsync(TestPublisher publisher)
    {
        var answer = await publisher.Client.ActivateAsync(NewActivation(), TestPublisher.Cancellation);
        var issuing = CertificateChain.FromPem(answer.IssuingCertificate)[0];
        Certificate = X509CertificateLoader.LoadCertificate(
            new ActivationAnswer(answer.Day, answer.KeyId, answer.Term, answer.Signature).TryAssemble(Request, issuing)
                ?? throw new CryptographicException("the answer does not verify"));
        return answer;
    }

    /// <summary>A request of another kind; the same nonce is the same request.</summary>
    public (byte[] Request, byte[] Proof) Ask(ActivationKind kind, uint nonce = 7)
    {
        var request = ActivationRequest.Of(Key, kind, nonce).Encode();
        return (request, Prove(request));
    }

    public ReactivateRequest NewReactivation(ReactivationReason reason = ReactivationReason.Redeployed, uint nonce = 7)
    {
        var (request, proof) = Ask(ActivationKinds.Of(reason), nonce);
        return new(request, proof, TestPublisher.Contact);
    }

    public DeactivateRequest NewDeactivation(uint nonce = 7)
    {
        var (request, proof) = Ask(ActivationKind.Deactivate, nonce);
        return new(request, proof, TestPublisher.Contact);
    }

    public RedeemRequest NewRedemption(TestPublisher publisher, string productKey)
        => new(
            Statement.Sign(new RedemptionRequest(productKey, RandomNumberGenerator.GetBytes(RedemptionRequest.NonceLength), publisher.Time.GetUtcNow()).Encode(), Key),
            CertificateChain.ToPem([Certificate]));

    public Task<DrawCalsResponse> DrawAsync(TestPublisher publisher, DrawRequest request)
        => publisher.Client.DrawAsync(new(Statement.Sign(request.Encode(), Key), CertificateChain.ToPem([Certificate])), TestPublisher.Cancellation);

    public ReplacementRequest NewReplacement(params Guid[] packs) => new(Statement.Sign(new ReplacementRequestStatement(Request.Encode(), packs).Encode(), Key));

    /// <summary>This one's key follows the other's, as that one says; by nobody's word without a time.</summary>
    public SucceedRequest NewSuccession(TestLicenseServer old, DateTimeOffset? now, SuccessionCause cause = SuccessionCause.Planned)
    {
        var request = Request.Encode();
        return new(
            request, Prove(request),
            now is { } at ? Statement.Sign(new SuccessionStatement(KeyFingerprint.Of(old.Key), KeyFingerprint.Of(Key), cause, DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds())).Encode(), old.Key) : null);
    }

    private readonly Guid _transferId = Guid.NewGuid();

    /// <summary>A key pack of the other one comes here, as that one says; the same transfer at every call.</summary>
    public MovePacksRequest NewMove(TestLicenseServer from, Guid pack, DateTimeOffset now, TestLicenseServer? to = null)
    {
        var request = Request.Encode();
        var statement = new TransferStatement(
            _transferId, KeyFingerprint.Of(from.Key), (to ?? this).Id.Text, [pack], 0, new byte[32], DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()));
        return new(request, Prove(request), Statement.Sign(statement.Encode(), from.Key));
    }

    /// <summary>The transfer of <see cref="NewMove"/>.</summary>
    public Guid TransferId => _transferId;

    public UndoTransferRequest NewUndo(Guid transfer, DateTimeOffset now)
        => new(Statement.Sign(new TransferUndoStatement(transfer, KeyFingerprint.Of(Key), DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds())).Encode(), Key));

    public Task<RedeemResponse> RedeemAsync(TestPublisher publisher, string productKey)
        => publisher.Client.RedeemAsync(NewRedemption(publisher, productKey), TestPublisher.Cancellation);

    public void Dispose()
    {
        Key.Dispose();
        Certificate?.Dispose();
    }
}
