using System.Security.Cryptography;
using CsCheck;
using Ostiary.Contracts.Activation;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

/// <summary>Codes that people carry: whole or told what is wrong with them.</summary>
public sealed class CarriedCodeTests
{
    [Fact]
    public void A_code_reads_back_however_a_mail_program_has_broken_it()
        => Gen.Byte.Array[1, 1_500].Sample(content =>
        {
            var text = new RequestCode(CodeKind.KeyPack, content).Text;
            foreach (var copied in new[] { text, text.ToLowerInvariant(), text["OSTIARY-REQUEST:".Length..], string.Join("\r\n", text.Chunk(60).Select(line => new string(line))) })
            {
                Assert.True(RequestCode.TryParse(copied, out var read, out var error), error);
                Assert.Equal((CodeKind.KeyPack, Convert.ToHexString(content)), (read.Kind, Convert.ToHexString(read.Content)));
            }
        });

    [Fact]
    public void A_code_with_one_wrong_missing_or_added_symbol_is_not_read()
    {
        var text = new RequestCode(CodeKind.Activation, RandomNumberGenerator.GetBytes(102)).Text;
        for (var at = "OSTIARY-REQUEST:".Length; at < text.Length; at++)
        {
            Assert.False(RequestCode.TryParse(text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..], out _, out var error));
            Assert.Contains("not whole", error, StringComparison.Ordinal);
            Assert.False(RequestCode.TryParse(text[..at] + text[(at + 1)..], out _, out _));
            Assert.False(RequestCode.TryParse(text[..at] + "AB" + text[at..], out _, out _));
        }
    }

    [Fact]
    public void A_response_is_no_request()
    {
        var response = ResponseCode.KeyPack([1, 2, 3], [4]).Text;

        Assert.False(RequestCode.TryParse(response, out _, out var error));
        Assert.Equal("this is not a request code, which begins with OSTIARY-REQUEST:", error);
        Assert.False(RequestCode.TryParse(response["OSTIARY-RESPONSE:".Length..], out _, out _));
    }

    [Theory]
    [InlineData(null, "a request code is needed; it begins with OSTIARY-REQUEST:")]
    [InlineData("  ", "a request code is needed; it begins with OSTIARY-REQUEST:")]
    [InlineData("OSTIARY-REQUEST:0", "the request code is cut off")]
    [InlineData("OSTIARY-REQUEST:ABC!", "symbol 4 of the request code is not a letter or digit of the alphabet")]
    public void What_is_wrong_is_said(string? text, string error)
    {
        Assert.False(RequestCode.TryParse(text, out _, out var said));
        Assert.Equal(error, said);
    }

    [Fact]
    public void Documents_of_a_hundred_key_packs_of_several_issuing_keys_fit_and_read_back()
    {
        byte[][] issuing = [RandomNumberGenerator.GetBytes(560), RandomNumberGenerator.GetBytes(520)];
        var answer = new ActivationAnswer(20_000, 7, 10, RandomNumberGenerator.GetBytes(ActivationAnswer.SignatureLength));
        // The longest that there can be: a program's name of 64 characters and an end.
        var packs = Enumerable.Range(0, CarriedDocuments.MaxKeyPacks).Select(index => (RandomNumberGenerator.GetBytes(340), issuing[index % 2])).ToList();

        var text = ResponseCode.Reactivation(new(answer, issuing[0], packs, 4_711)).Text;

        Assert.True(ResponseCode.TryParse(text, out var code, out var error), error);
        var read = code.ReadDocuments(CodeKind.Reactivation)!;
        Assert.Null(code.ReadDocuments(CodeKind.Replacement));
        Assert.Equal(answer.Encode(), read.Answer.Encode());
        Assert.Equal(4_711, read.Next);
        Assert.Equal(packs.Select(pack => Convert.ToHexString(pack.Item1)), read.KeyPacks.Select(pack => Convert.ToHexString(pack.Statement)));
        Assert.Equal(packs.Select(pack => Convert.ToHexString(pack.Item2)), read.KeyPacks.Select(pack => Convert.ToHexString(pack.IssuingCertificate)));
        Assert.Throws<InvalidOperationException>(() => new CarriedDocuments(answer, issuing[0], [.. packs, packs[0]]).Encode());
    }

    [Fact]
    public void Documents_that_are_cut_off_or_mutated_are_read_or_refused_and_never_throw()
    {
        var whole = new CarriedDocuments(
            new(1, 2, 3, new byte[ActivationAnswer.SignatureLength]), [1, 2, 3], [([4, 5], [6]), ([7], [1, 2, 3])]).Encode();
        for (var length = 0; length < whole.Length; length++)
            Assert.False(CarriedDocuments.TryDecode(whole.AsSpan(0, length), out _));
        Assert.False(CarriedDocuments.TryDecode([.. whole, 0], out _));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            var changed = (byte[])whole.Clone();
            changed[at] = value;
            // What is read is what it says, in its one form.
            Assert.True(!CarriedDocuments.TryDecode(changed, out var read) || read.KeyPacks.Count <= CarriedDocuments.MaxKeyPacks);
        });
        Gen.Byte.Array[0, 400].Sample(bytes => CarriedDocuments.TryDecode(bytes, out var read) == read is not null);
    }

    [Fact]
    public void A_reactivations_code_says_where_it_goes_on_and_no_code_takes_more_than_its_limit()
    {
        var (request, proof) = (RandomNumberGenerator.GetBytes(ActivationRequest.Length), RandomNumberGenerator.GetBytes(ActivationAnswer.SignatureLength));
        Assert.Null(RequestCode.Reactivation(request, proof, null).ReadAfter());
        var code = RequestCode.Reactivation(request, proof, 100);
        Assert.Equal(100, code.ReadAfter());
        Assert.Equal((Convert.ToHexString(request), Convert.ToHexString(proof)), (Convert.ToHexString(code.ReadActivation().Request), Convert.ToHexString(code.ReadActivation().Proof)));
        Assert.Throws<InvalidOperationException>(() => new RequestCode(CodeKind.Replacement, request).ReadActivation());
        Assert.False(ResponseCode.TryParse(new string('A', (CarriedCode.MaxLongSymbols * 2) + 1), out _, out var error));
        Assert.Contains($"at most {CarriedCode.MaxLongSymbols} symbols", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Anything_is_read_or_refused_and_never_throws()
    {
        Gen.String[0, 300].Sample(text => RequestCode.TryParse(text, out _, out var error) || error is not null);
        Gen.Byte.Array[0, 300].Sample(content =>
        {
            var text = new ResponseCode(CodeKind.KeyPack, content).Text;
            if (ResponseCode.TryParse(text, out var code, out _))
                _ = (code.ReadKeyPack(), code.ReadActivation());
        });
        Gen.Byte.Array[0, 300].Sample(content => new ResponseCode(CodeKind.Activation, content).ReadActivation() is null || content.Length > ActivationAnswer.Length);
        Assert.False(RequestCode.TryParse(new string('A', 1_000_000), out _, out _));
    }
}
