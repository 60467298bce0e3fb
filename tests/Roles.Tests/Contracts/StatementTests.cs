using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.Cose;
using CsCheck;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class StatementTests : IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private readonly ECDsa _key = TestAuthority.NewKey();
    private readonly KeyPackStatement _pack;
    private readonly RedemptionRequest _request = new("2GR02-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ", [.. Enumerable.Repeat((byte)7, 16)], At);

    public StatementTests()
        => _pack = new(Guid.Parse("0197a1b2-0000-7000-8000-000000000001"), KeyFingerprint.Of(_key), CalType.User, new(2022), 16_383, "retail", At, At.AddYears(1));

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Payloads_read_back_as_they_were_written()
    {
        Assert.Equal(_pack, KeyPackStatement.Decode(_pack.Encode()));
        Assert.Equal(_pack with { ExpiresAt = null }, KeyPackStatement.Decode((_pack with { ExpiresAt = null }).Encode()));
        var request = RedemptionRequest.Decode(_request.Encode());
        Assert.Equal((_request.ProductKey, At), (request.ProductKey, request.RequestedAt));
        Assert.Equal(_request.Nonce, request.Nonce);
    }

    [Fact]
    public void The_same_statement_has_the_same_payload()
        => Assert.Equal(
            "AA01706F7374696172792D6B65792D7061636B02010350"[4..],
            Convert.ToHexString((_pack with { ExpiresAt = null }).Encode())[4..46]);

    [Fact]
    public void A_signed_statement_verifies_names_its_key_and_gives_its_payload()
    {
        var message = Statement.Sign(_pack.Encode(), _key);

        Assert.True(Statement.TryVerify(message, _key, out var payload));
        Assert.Equal(_pack.Encode(), payload);
        Assert.True(Statement.TryReadSigner(message, out var signer));
        Assert.Equal(KeyFingerprint.Of(_key), signer);
    }

    [Fact]
    public void A_statement_verifies_under_no_other_key()
    {
        using var other = TestAuthority.NewKey();

        Assert.False(Statement.TryVerify(Statement.Sign(_pack.Encode(), _key), other, out _));
    }

    [Fact]
    public void A_changed_byte_never_gives_another_payload()
    {
        var message = Statement.Sign(_pack.Encode(), _key);
        for (var place = 0; place < message.Length; place++)
            foreach (var flip in new byte[] { 0x01, 0x80, 0xFF })
            {
                var changed = (byte[])message.Clone();
                changed[place] ^= flip;
                Assert.False(Statement.TryVerify(changed, _key, out var payload) && !payload.AsSpan().SequenceEqual(_pack.Encode()));
            }
    }

    [Fact]
    public void Another_algorithm_a_detached_payload_and_too_many_bytes_are_refused()
    {
        Assert.False(Statement.TryVerify(CoseSign1Message.SignEmbedded(_pack.Encode(), new CoseSigner(_key, HashAlgorithmName.SHA384)), _key, out _));
        Assert.False(Statement.TryVerify(CoseSign1Message.SignDetached(_pack.Encode(), new CoseSigner(_key, HashAlgorithmName.SHA256)), _key, out _));
        Assert.False(Statement.TryVerify(Statement.Sign(new byte[Statement.MaxLength], _key), _key, out _));
        Assert.False(Statement.TryReadSigner(CoseSign1Message.SignEmbedded(_pack.Encode(), new CoseSigner(_key, HashAlgorithmName.SHA256)), out _));
    }

    [Fact]
    public void Another_type_or_version_is_refused()
    {
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode(_request.Encode()));
        Assert.Throws<CborContentException>(() => RedemptionRequest.Decode(_pack.Encode()));
        var newer = _pack.Encode();
        newer[20] = 2;
        Assert.Equal("the statement is not of version 2"[..29], Assert.Throws<CborContentException>(() => KeyPackStatement.Decode(newer)).Message[..29]);
    }

    [Fact]
    public void Fields_out_of_their_limits_are_refused()
    {
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode((_pack with { Quantity = 0 }).Encode()));
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode((_pack with { Quantity = 16_384 }).Encode()));
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode((_pack with { Type = (CalType)2 }).Encode()));
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode((_pack with { Program = "" }).Encode()));
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode((_pack with { Program = new string('p', 65) }).Encode()));
        Assert.Throws<CborContentException>(() => RedemptionRequest.Decode((_request with { Nonce = new byte[15] }).Encode()));
        Assert.Throws<CborContentException>(() => RedemptionRequest.Decode((_request with { ProductKey = new string('0', 65) }).Encode()));
    }

    [Fact]
    public void Every_shorter_and_every_longer_payload_is_refused()
    {
        var payload = _pack.Encode();
        for (var length = 0; length < payload.Length; length++)
            Assert.Throws<CborContentException>(() => KeyPackStatement.Decode(payload.AsMemory(0, length)));
        Assert.Throws<CborContentException>(() => KeyPackStatement.Decode((byte[])[.. payload, 0]));
        Assert.Throws<CborContentException>(() => RedemptionRequest.Decode((byte[])[.. _request.Encode(), 0xA0]));
    }

    // A payload that was no map ended in InvalidOperationException: the type was read outside of what turns errors into the documented one.
    [Fact]
    public void Random_and_mutated_bytes_end_in_the_documented_error_only()
    {
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            Assert.False(Statement.TryVerify(bytes, _key, out _));
            _ = Statement.TryReadSigner(bytes, out _);
            Assert.True(DecodesOrRefuses(bytes));
        });
        foreach (var payload in new[] { _pack.Encode(), _request.Encode() })
            Gen.Select(Gen.Int[0, payload.Length - 1], Gen.Byte, Gen.Int[0, payload.Length - 1], Gen.Byte).Sample((first, firstByte, second, secondByte) =>
            {
                var changed = (byte[])payload.Clone();
                (changed[first], changed[second]) = (firstByte, secondByte);
                return DecodesOrRefuses(changed);
            });
        var message = Statement.Sign(_pack.Encode(), _key);
        Gen.Select(Gen.Int[0, message.Length - 1], Gen.Byte).Sample((place, value) =>
        {
            var changed = (byte[])message.Clone();
            changed[place] = value;
            _ = Statement.TryReadSigner(changed, out _);
            _ = Statement.TryVerify(changed, _key, out _);
        });
    }

    private static bool DecodesOrRefuses(byte[] bytes)
    {
        foreach (var decode in new Action[] { () => KeyPackStatement.Decode(bytes), () => RedemptionRequest.Decode(bytes) })
            try
            {
                decode();
            }
            catch (CborContentException)
            {
                // The documented one.
            }

        return true;
    }
}
