using Ostiary.Protocol.Pdus;

namespace Ostiary.Protocol.Sequences;

/// <summary>
/// What the connection sequence has shown so far. Everything here is the client's claim, not evidence.
/// A member is <c>null</c> (or zero) until its PDU has passed.
/// </summary>
public sealed record ConnectionFacts
{
    /// <summary>From the X.224 cookie; a hint only.</summary>
    public string? Cookie { get; init; }

    public SecurityProtocols RequestedProtocols { get; init; }

    public NegotiationRequestFlags NegotiationFlags { get; init; }

    /// <summary>clientName of CS_CORE, at most 15 characters.</summary>
    public string? ClientName { get; init; }

    /// <summary>clientBuild of CS_CORE.</summary>
    public uint ClientBuild { get; init; }

    /// <summary>clientDigProductId of CS_CORE; <c>null</c> or empty for FreeRDP and rdesktop.</summary>
    public string? ClientDigProductId { get; init; }

    public EarlyCapabilityFlags EarlyCapabilities { get; init; }

    /// <summary>The client shows the text of a Set Error Info PDU.</summary>
    public bool SupportsErrorInfo => EarlyCapabilities.HasFlag(EarlyCapabilityFlags.SupportErrorInfoPdu);

    /// <summary>An administrative session is asked for: CS_CLUSTER names session 0. Only a request.</summary>
    public bool AsksForAdministrativeSession { get; init; }

    /// <summary>Static virtual channels that the client asked for, by name, in order.</summary>
    public IReadOnlyList<string> StaticChannels { get; init; } = [];

    public ushort? IoChannelId { get; init; }

    public ushort? MessageChannelId { get; init; }

    /// <summary>The client's MCS user channel: initiator of what it sends.</summary>
    public ushort? UserChannelId { get; init; }

    /// <summary>From Client Info; unauthenticated.</summary>
    public string? UserName { get; init; }

    /// <summary>From Client Info; unauthenticated.</summary>
    public string? Domain { get; init; }

    public ClientInfoFlags ClientInfoFlags { get; init; }

    /// <summary>Says nothing: it holds names.</summary>
    public override string ToString() => nameof(ConnectionFacts);
}
