using CsCheck;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class FramingTests
{
    public static TheoryData<string, FrameKind, int> Frames => new()
    {
        { "03 00 00 07 02 F0 80", FrameKind.Tpkt, 7 },
        { "03 FF 00 08 02 F0 80 28", FrameKind.Tpkt, 8 },
        { "00 02", FrameKind.FastPath, 2 },
        { "C0 05 01 02 03", FrameKind.FastPath, 5 },
        { "00 80 04 01", FrameKind.FastPath, 4 },
        { "00 81 00" + Repeat("00", 253), FrameKind.FastPath, 256 },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void Bytes_that_arrive_one_at_a_time_make_a_frame_only_with_the_last(string hex, FrameKind kind, int length)
    {
        var bytes = Samples.Hex(hex);
        Assert.Equal(length, bytes.Length);

        for (var arrived = 0; arrived < length; arrived++)
        {
            Assert.False(Framing.TryReadFrame(bytes.AsSpan(0, arrived), out _));
            Assert.False(Framing.TryReadFrame(Oracles.Pieces.Of(bytes[..arrived], 1), out _));
        }

        Assert.True(Framing.TryReadFrame(bytes, out var frame));
        Assert.Equal(new(kind, length), frame);
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void What_follows_a_frame_is_not_looked_at(string hex, FrameKind kind, int length)
    {
        byte[] bytes = [.. Samples.Hex(hex), 0xFF, 0x16, 0x03, 0x01];

        Assert.True(Framing.TryReadFrame(bytes, out var frame));
        Assert.True(Framing.TryReadFrame(Oracles.Pieces.Of(bytes, 3), out var framePieces));

        Assert.Equal(new(kind, length), frame);
        Assert.Equal(frame, framePieces);
    }

    [Theory]
    [InlineData("01")] // fast-path action 1
    [InlineData("02")]
    [InlineData("07 00 00 10")] // low bits 3, but not TPKT version 3
    [InlineData("16 03 01 02 00")] // a TLS ClientHello
    [InlineData("47 45 54 20")] // GET
    [InlineData("03 00 00 06")] // shorter than the shortest X.224 header
    [InlineData("03 00 00 00")]
    [InlineData("00 00")]
    [InlineData("00 01")]
    [InlineData("00 80 02")]
    public void What_can_never_be_a_frame_is_malformed_at_once(string hex)
    {
        var bytes = Samples.Hex(hex);

        Assert.Throws<WireFormatException>(() => Framing.TryReadFrame(bytes, out _));
        Assert.Throws<WireFormatException>(() => Framing.TryReadFrame(Oracles.Pieces.Of(bytes, 1), out _));
    }

    [Fact]
    public void A_frame_over_the_limit_is_malformed_before_its_body_arrives()
    {
        var header = Samples.Hex("03 00 01 04");

        Assert.Throws<WireFormatException>(() => Framing.TryReadFrame(header, out _, Limits.X224Frame));
        Assert.False(Framing.TryReadFrame(Samples.Hex("03 00 01 03"), out _, Limits.X224Frame));
    }

    [Fact]
    public void The_header_alone_says_the_length_of_a_frame_under_way()
    {
        Assert.True(Framing.TryReadHeader(Samples.Hex("03 00 12 34"), Limits.TpktFrame, out var frame));
        Assert.Equal(new(FrameKind.Tpkt, 0x1234), frame);
    }

    [Fact]
    public void Any_bytes_in_any_pieces_get_one_verdict() =>
        Gen.Select(Gen.OneOf(Gen.Const((byte)0), Gen.Const((byte)3), Gen.Const((byte)0x80), Gen.Const((byte)7)), Gen.Byte.Array[0, 40])
            .Sample((first, rest) => Oracles.Framer([first, .. rest]), iter: 2000, threads: 1);

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
