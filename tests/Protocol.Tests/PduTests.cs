using CsCheck;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class PduTests
{
    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, Samples.All.Count)];

    [Fact]
    public void Every_pdu_has_a_sample()
    {
        var pdus = typeof(IPdu<>).Assembly.GetTypes()
            .Where(type => type.IsClass && type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IPdu<>)))
            .ToList();

        var without = pdus.Except(Samples.All.Select(sample => sample.Type));

        Assert.Empty(without);
        Assert.True(pdus.Count >= 40);
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Reads_and_writes_the_same_bytes_and_knows_its_size(int index)
    {
        var sample = Samples.All[index];

        var (written, size) = sample.ReadAndWrite(sample.Bytes);

        Assert.Equal(Convert.ToHexString(sample.Bytes), Convert.ToHexString(written));
        Assert.Equal(sample.Bytes.Length, size);
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Every_shorter_prefix_is_rejected(int index)
    {
        var sample = Samples.All[index];

        for (var length = 0; length < sample.Bytes.Length; length++)
        {
            var prefix = sample.Bytes.AsSpan(0, length).ToArray();
            if (sample.IsShorterForm(length))
                Assert.Equal(prefix, sample.ReadAndWrite(prefix).Written);
            else
                Assert.Throws<WireFormatException>(() => sample.Read(prefix));
        }
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void A_byte_left_over_is_rejected_or_taken_as_a_trailing_field(int index)
    {
        var sample = Samples.All[index];
        byte[] longer = [.. sample.Bytes, 0];

        try
        {
            Assert.Equal(longer, sample.ReadAndWrite(longer).Written);
        }
        catch (WireFormatException)
        {
            Assert.False(sample.IsShorterForm(sample.Bytes.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Mutated_bytes_are_rejected_or_read_and_written_without_loss(int index)
    {
        var sample = Samples.All[index];
        var mutation = Gen.Select(Gen.Int[0, sample.Bytes.Length - 1], Gen.Byte).Array[1, 6];

        mutation.Sample(
            changes =>
            {
                var bytes = (byte[])sample.Bytes.Clone();
                foreach (var (position, value) in changes)
                    bytes[position] = value;
                Oracles.Pdu(sample, bytes);
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void Random_bytes_are_rejected_or_read_and_written_without_loss() =>
        Gen.Byte.Array[0, 400].Sample(Oracles.AnyPdu, iter: 400, threads: 1);

    [Theory]
    [MemberData(nameof(Indexes))]
    public void A_huge_declared_length_allocates_nothing(int index)
    {
        const int Allowed = 32 * 1024; // An exception with its stack trace takes a few KiB.
        var sample = Samples.All[index];
        Oracles.Pdu(sample, sample.Bytes);

        for (var width = 1; width <= 4; width *= 2)
        {
            for (var position = 0; position + width <= sample.Bytes.Length; position++)
            {
                var bytes = (byte[])sample.Bytes.Clone();
                bytes.AsSpan(position, width).Fill(0xFF);
                if (width == 4)
                    bytes[position + 3] = 0x7F; // int.MaxValue, little-endian

                var before = GC.GetAllocatedBytesForCurrentThread();
                Oracles.Read(sample, bytes);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

                Assert.True(allocated < Allowed, $"{allocated} bytes for {width} bytes FF at {position}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void What_is_read_prints_no_name_and_no_license(int index)
    {
        var sample = Samples.All[index];

        var text = sample.Read(sample.Bytes).ToString() ?? "";

        Assert.DoesNotContain("alice", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("KIOSK", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("192.0.2.1", text, StringComparison.Ordinal);
    }
}
