using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ostiary.Clearinghouse.Operations;

/// <summary>Where the HTTPS doors are, once they are open.</summary>
internal sealed class ListeningAddress(ClearinghouseOptions options)
{
    /// <summary>Set when the doors are made; after the start it has the port that it listens on, also where the system chose it.</summary>
    public ListenOptions? PublicListener { get; set; }

    /// <summary>Likewise; null where operators come by the unix socket only.</summary>
    public ListenOptions? OperatorsListener { get; set; }

    /// <exception cref="InvalidOperationException">The role has not started.</exception>
    public Uri Actual => AddressOf(PublicListener) ?? throw new InvalidOperationException("the clearinghouse has not started");

    /// <summary>What others are told.</summary>
    public Uri Public => options.PublicAddress ?? Actual;

    public Uri? Operators => AddressOf(OperatorsListener);

    private static Uri? AddressOf(ListenOptions? listener) => listener?.IPEndPoint is { } endPoint ? new($"https://{endPoint}") : null;
}
