namespace Ostiary.Protocol.Wire;

/// <summary>
/// Something well-formed that is not allowed now. Thrown only by the final arm of a state machine.
/// </summary>
/// <param name="state">Name of the state the machine was in.</param>
/// <param name="received">Name of what arrived, never its value.</param>
#pragma warning disable CA1032 // Invariant: a violation always names its state and what arrived.
public sealed class ProtocolViolationException(string state, string received)
    : Exception($"{received} is not allowed in state {state}")
{
    public string State { get; } = state;

    public string Received { get; } = received;
}
#pragma warning restore CA1032
