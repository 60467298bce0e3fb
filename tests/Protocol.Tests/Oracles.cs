using System.Buffers;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>
/// What must hold for any bytes whatever. The property tests, the corpus and a fuzzer call the same functions:
/// they return, or throw because there is a bug.
/// </summary>
public static class Oracles
{
    public static IReadOnlyDictionary<string, Action<byte[]>> All { get; } = new Dictionary<string, Action<byte[]>>
    {
        [nameof(AnyPdu)] = AnyPdu,
        [nameof(Framer)] = Framer,
        [nameof(Connection)] = Connection,
        [nameof(Exchange)] = Exchange,
        [nameof(BackEnd)] = BackEnd,
    };

    /// <summary>Reads, or is malformed. Nothing else.</summary>
    public static void Read(PduSample sample, byte[] bytes)
    {
        try
        {
            _ = sample.Read(bytes);
        }
        catch (WireFormatException)
        {
        }
    }

    /// <summary>What can be read can be written, to its own size, and reads again as the same.</summary>
    public static void Pdu(PduSample sample, byte[] bytes)
    {
        byte[] written;
        try
        {
            (written, var size) = sample.ReadAndWrite(bytes);
            Assert.Equal(size, written.Length);
        }
        catch (WireFormatException)
        {
            return;
        }

        Assert.Equal(written, sample.ReadAndWrite(written).Written);
    }

    /// <summary>As <see cref="Pdu"/>, for every PDU there is, and the test for licensing.</summary>
    public static void AnyPdu(byte[] bytes)
    {
        _ = LicensingPdu.IsLicensing(bytes);
        foreach (var sample in Samples.All.DistinctBy(sample => sample.Type))
            Pdu(sample, bytes);
    }

    /// <summary>The framer says the same of a span, of a sequence in pieces, and of the same bytes arriving one at a time.</summary>
    public static void Framer(byte[] bytes)
    {
        var whole = Frame(bytes);
        Assert.Equal(whole, FrameOfSequence(bytes));

        for (var length = 0; length <= bytes.Length; length++)
        {
            var part = Frame(bytes.AsSpan(0, length));
            if (part != null)
            {
                Assert.Equal(whole, part); // The first verdict stands.
                return;
            }
        }
    }

    /// <summary>First byte: which back end and how far the connection is. Then frames; the low bit of the byte before each says whose.</summary>
    public static void Connection(byte[] bytes)
    {
        if (bytes.Length == 0)
            return;
        var sequence = ConnectionScripts.Advanced((bytes[0] & 1) == 0 ? BackEndSecurity.Clear : BackEndSecurity.Tls, (bytes[0] >> 1) & 7);
        var rest = bytes.AsSpan(1);
        try
        {
            while (rest.Length > 1 && Framing.TryReadFrame(rest[1..], out var header, sequence.FrameLimit))
            {
                var frame = rest.Slice(1, header.Length);
                var action = (rest[0] & 1) == 0 ? sequence.FromClient(frame) : sequence.FromServer(frame);
                Assert.NotNull(action);
                rest = rest[(1 + header.Length)..];
            }
        }
        catch (Exception exception) when (exception is WireFormatException or ProtocolViolationException)
        {
        }
    }

    /// <summary>Whatever a client sends, as first message, after a challenge, or while a decision is awaited: one answer, no exception, no admission.</summary>
    public static void Exchange(byte[] bytes)
    {
        foreach (var exchange in ExchangeScripts.AtEveryState())
        {
            var outputs = exchange.Step(new ExchangeInput.Received(bytes));

            Assert.NotEmpty(outputs);
            Assert.DoesNotContain(outputs, output => output is ExchangeOutput.Finish { Admitted: true });
        }
    }

    /// <summary>Whatever a back end sends as first licensing PDU.</summary>
    public static void BackEnd(byte[] bytes)
    {
        try
        {
            Assert.Single(new BackEndLicensing().Step(new BackEndInput.Received(new(bytes, new(1007, 1003), new(1007, 1003)))));
        }
        catch (Exception exception) when (exception is WireFormatException or ProtocolViolationException)
        {
        }
    }

    private static string? Frame(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Framing.TryReadFrame(bytes, out var frame) ? frame.ToString() : null;
        }
        catch (WireFormatException exception)
        {
            return exception.Message;
        }
    }

    private static string? FrameOfSequence(byte[] bytes)
    {
        try
        {
            return Framing.TryReadFrame(Pieces.Of(bytes, 1), out var frame) ? frame.ToString() : null;
        }
        catch (WireFormatException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>A sequence of many segments.</summary>
    public sealed class Pieces : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Of(byte[] bytes, int size)
        {
            if (bytes.Length <= size)
                return new(bytes);
            var first = new Pieces { Memory = bytes.AsMemory(0, size) };
            var last = first;
            for (var offset = size; offset < bytes.Length; offset += size)
            {
                var next = new Pieces { Memory = bytes.AsMemory(offset, Math.Min(size, bytes.Length - offset)), RunningIndex = offset };
                last.Next = next;
                last = next;
            }

            return new(first, 0, last, last.Memory.Length);
        }
    }
}
