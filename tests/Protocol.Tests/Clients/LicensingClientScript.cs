using Ostiary.Protocol.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Tests.Clients;

/// <summary>
/// Plays the client's side of licensing as FreeRDP or rdesktop does, without I/O: a server PDU in, an answer or nothing out.
/// Checks more than they do: both MACs, and that what it got can be read.
/// </summary>
public sealed class LicensingClientScript(LicensingClientOptions options)
{
    private readonly List<LicensingMessageType> _received = [];
    private byte[] _serverRandom = [];
    private LicensingKeys? _keys;

    /// <summary>What the client has in its store, now: as given, or as issued since.</summary>
    public byte[]? StoredLicense { get; private set; } = options.StoredLicense;

    /// <summary>What the server sent, in order.</summary>
    public IReadOnlyList<LicensingMessageType> Received => _received;

    /// <summary><c>null</c> while licensing goes on.</summary>
    public LicensingClientEnd? End { get; private set; }

    /// <summary>dwErrorCode of the alert that ended licensing.</summary>
    public LicensingErrorCode? Alert { get; private set; }

    /// <summary>PRODUCT_INFO of the request, then of the license: a client looks up its store by it.</summary>
    public ProductInfo? RequestedProduct { get; private set; }

    public NewLicenseInfo? Issued { get; private set; }

    /// <summary>The answer to a licensing PDU of the server, or <c>null</c>.</summary>
    public LicensingPdu? Answer(LicensingPdu pdu)
    {
        if (End is not null)
            throw new InvalidOperationException($"{pdu} after licensing had ended.");
        _received.Add(pdu.Message.Type);
        return pdu.Message switch
        {
            LicenseRequest request => OnRequest(request),
            PlatformChallenge challenge => OnChallenge(challenge),
            NewLicense license => OnLicense(license.EncryptedLicenseInfo, license.Mac, LicensingClientEnd.NewLicense),
            UpgradeLicense license => OnLicense(license.EncryptedLicenseInfo, license.Mac, LicensingClientEnd.UpgradeLicense),
            ErrorAlert alert => OnAlert(alert),
            _ => throw new InvalidOperationException($"A server does not send {pdu}."),
        };
    }

    private LicensingPdu OnRequest(LicenseRequest request)
    {
        RequestedProduct = request.Product;
        _serverRandom = request.ServerRandom;
        _keys = LicensingKeys.Derive(options.Premaster, options.ClientRandom, _serverRandom);
        var premaster = options.EncryptPremaster(request.ServerCertificate.Data);
        if (StoredLicense is null)
        {
            return options.Wrap(NewLicenseRequest.Create(
                options.PlatformIdOfRequest, options.ClientRandom, premaster, options.UserName, options.MachineName));
        }

        var hardwareId = options.HardwareId.ToArray();
        return options.Wrap(new LicenseInfo(
            NewLicenseRequest.KeyExchangeRsa,
            options.PlatformIdOfInfo,
            options.ClientRandom,
            new(LicensingBlobType.Random, premaster),
            new(LicensingBlobType.Data, StoredLicense),
            new(options.EncryptedBlobType, _keys.Transform(hardwareId)),
            _keys.Mac(hardwareId)));
    }

    private LicensingPdu OnChallenge(PlatformChallenge pdu)
    {
        var keys = _keys ?? throw new InvalidOperationException("Challenge before request.");
        var challenge = keys.Transform(pdu.EncryptedChallenge.Data);
        if (!keys.IsMacRight(challenge, pdu.Mac))
            throw new InvalidOperationException("The server's MAC of the challenge is wrong.");
        if (challenge.Length != 10)
            throw new InvalidOperationException("rdesktop crashes on a challenge that has not 10 bytes.");

        var answer = options.ResponseTo(challenge);
        var hardwareId = options.HardwareId.ToArray();
        return options.Wrap(new PlatformChallengeResponse(
            new(options.EncryptedBlobType, keys.Transform(answer)),
            new(options.EncryptedBlobType, keys.Transform(hardwareId)),
            keys.Mac([.. answer, .. hardwareId])));
    }

    private LicensingPdu? OnLicense(LicensingBlob blob, byte[] mac, LicensingClientEnd end)
    {
        if (!_received.Contains(LicensingMessageType.PlatformChallenge))
            throw new InvalidOperationException("FreeRDP 3 takes no license without a challenge before it.");
        var keys = _keys ?? throw new InvalidOperationException("License before request.");
        var info = keys.Transform(blob.Data);
        if (!keys.IsMacRight(info, mac))
            throw new InvalidOperationException("The server's MAC of the license is wrong.");
        Issued = Pdu.Decode<NewLicenseInfo>(info);
        StoredLicense = Issued.License;
        End = end;
        return null;
    }

    private LicensingPdu? OnAlert(ErrorAlert alert)
    {
        Alert = alert.ErrorCode;
        End = alert.ErrorCode == LicensingErrorCode.ValidClient && alert.StateTransition == LicensingStateTransition.NoTransition
            ? LicensingClientEnd.ValidClient
            : LicensingClientEnd.Refused;
        return null;
    }
}

/// <summary>How licensing ended for the client.</summary>
public enum LicensingClientEnd
{
    ValidClient,
    NewLicense,
    UpgradeLicense,
    Refused,
}
