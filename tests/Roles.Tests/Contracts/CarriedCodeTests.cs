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
