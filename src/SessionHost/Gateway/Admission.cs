using System.Net;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// Counts connections and keeps the limits. Where there is no room among those that wait, the oldest one whose TLS handshake is not done
/// is dropped for the new one: clients that hold connections open and say nothing take room from one another, not from a client that
/// goes on. Where none can be dropped, the new one is turned away.
/// </summary>
internal sealed class Admission(SessionHostOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, PerAddress> _addresses = [];
    private readonly LinkedList<Ticket> _handshaking = new();
    private int _connections;
    private int _waiting;

    public int Connections
    {
        get
        {
            lock (_lock)
                return _connections;
        }
    }

    /// <summary>A place for a new connection, or null.</summary>
    /// <param name="address">The client's address.</param>
    /// <param name="drop">Called, from any thread, when the connection is dropped for another one.</param>
    public Ticket? TryEnter(IPAddress address, Action drop)
    {
        Ticket? dropped = null;
        lock (_lock)
        {
            var here = _addresses.TryGetValue(address, out var found) ? found : new(address);
            if (here.Waiting >= options.MaxWaitingPerAddress || here.Connections >= options.MaxPerAddress)
                dropped = here.Handshaking.First?.Value;
            else if (_waiting >= options.MaxWaiting || _connections >= options.MaxConnections)
                dropped = _handshaking.First?.Value;
            else
                return Enter(here, drop);
            if (dropped is not null)
            {
                Remove(dropped);
                here = _addresses.TryGetValue(address, out found) ? found : here;
            }

            if (dropped is null)
                return null;
            var ticket = Enter(here, drop);
            dropped.Drop();
            return ticket;
        }
    }

    private Ticket Enter(PerAddress here, Action drop)
    {
        var ticket = new Ticket(this, here, drop);
        _addresses[here.Address] = here;
        _connections++;
        _waiting++;
        here.Connections++;
        here.Waiting++;
        ticket.InAll = _handshaking.AddLast(ticket);
        ticket.Here = here.Handshaking.AddLast(ticket);
        return ticket;
    }

    private void EndHandshake(Ticket ticket)
    {
        if (ticket.InAll is null)
            return;
        _handshaking.Remove(ticket.InAll);
        ticket.Address.Handshaking.Remove(ticket.Here!);
        (ticket.InAll, ticket.Here) = (null, null);
    }

    private void EndWaiting(Ticket ticket)
    {
        EndHandshake(ticket);
        if (!ticket.Waiting)
            return;
        ticket.Waiting = false;
        _waiting--;
        ticket.Address.Waiting--;
    }

    private void Remove(Ticket ticket)
    {
        EndWaiting(ticket);
        if (ticket.Gone)
            return;
        ticket.Gone = true;
        _connections--;
        if (--ticket.Address.Connections == 0)
            _addresses.Remove(ticket.Address.Address);
    }

    /// <summary>One connection's place.</summary>
    internal sealed class Ticket(Admission admission, PerAddress address, Action drop) : IDisposable
    {
        internal PerAddress Address { get; } = address;

        internal LinkedListNode<Ticket>? InAll { get; set; }

        internal LinkedListNode<Ticket>? Here { get; set; }

        internal bool Waiting { get; set; } = true;

        internal bool Gone { get; set; }

        /// <summary>The TLS handshake is done: this connection is not dropped for another one any more.</summary>
        public void HandshakeDone()
        {
            lock (admission._lock)
                admission.EndHandshake(this);
        }

        /// <summary>Licensing is done.</summary>
        public void Admitted()
        {
            lock (admission._lock)
                admission.EndWaiting(this);
        }

        public void Dispose()
        {
            lock (admission._lock)
                admission.Remove(this);
        }

        internal void Drop() => ThreadPool.UnsafeQueueUserWorkItem(static drop => drop(), drop, preferLocal: false);
    }

    /// <summary>What comes from one address.</summary>
    internal sealed class PerAddress(IPAddress address)
    {
        public IPAddress Address { get; } = address;

        public int Connections { get; set; }

        public int Waiting { get; set; }

        public LinkedList<Ticket> Handshaking { get; } = new();
    }
}
