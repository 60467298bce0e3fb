using System.Security.Cryptography;
using CsCheck;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

/// <summary>What is read aloud on the telephone: nothing that was misheard or mistyped passes, and it is found where it is.</summary>
public sealed class SpokenFormTests
{
    private const int Exchanges = 1_000;

    [Fact]
    public void Every_single_wrong_symbol_and_every_swap_of_neighbours_is_found_at_its_group()
    {
        for (var i = 0; i < Exchanges; i++)
            foreach (var (form, length) in new[] { (SpokenForm.ActivationRequest, 38), (SpokenForm.ActivationAnswer, 71), (SpokenForm.KeyPackAnswer, 73) })
            {
                var bytes = RandomNumberGenerator.GetBytes(length);
                var groups = form.Write(bytes);
                Assert.True(form.TryRead(groups, out var read, out _));
                Assert.Equal(bytes, read);
                for (var number = 1; number <= form.Groups; number++)
                    AllMistakes(form, number, groups[number - 1]);
            }
    }

    [Fact]
    public void Two_groups_that_are_swapped_are_both_found()
        => Gen.Byte.Array[71].Sample(bytes =>
        {
            var groups = SpokenForm.ActivationAnswer.Write(bytes).ToList();
            for (var one = 0; one < groups.Count; one++)
                for (var other = one + 1; other < groups.Count; other++)
                {
                    (groups[one], groups[other]) = (groups[other], groups[one]);
                    Assert.False(SpokenForm.ActivationAnswer.TryRead(groups, out _, out var errors));
                    Assert.Equal([$"group {one + 1} has a wrong symbol, or is group {other + 1}", $"group {other + 1} has a wrong symbol, or is group {one + 1}"], errors);
                    (groups[one], groups[other]) = (groups[other], groups[one]);
                }
        });

    [Fact]
    public void It_is_read_as_people_type_it()
    {
        var bytes = RandomNumberGenerator.GetBytes(38);
        var groups = SpokenForm.ActivationRequest.Write(bytes);
        foreach (var typed in new[] { string.Join(' ', groups), string.Join("\r\n", groups).ToLowerInvariant(), string.Concat(groups).Replace('0', 'o'), string.Join('-', groups) })
        {
            Assert.True(SpokenForm.ActivationRequest.TryRead(SpokenForm.ActivationRequest.Split(typed), out var read, out var errors), string.Join('\n', errors));
            Assert.Equal(bytes, read);
        }
    }

    [Theory]
    [InlineData("", "group 2 is missing")]
    [InlineData("ABC", "group 2 has 3 symbols; it has 6")]
    [InlineData("ABCDEFG", "group 2 has more than 6 symbols")]
    [InlineData("ABCU", "group 2: symbol 4 is not a letter or digit of the alphabet")]
    public void A_group_that_is_no_group_is_named(string typed, string error) => Assert.Equal(error, SpokenForm.ActivationRequest.Check(2, typed));

    [Fact]
    public void Anything_typed_is_read_or_refused_and_never_throws()
        => Gen.String[0, 200].Sample(text =>
        {
            var groups = SpokenForm.ActivationAnswer.Split(text);
            if (!SpokenForm.ActivationAnswer.TryRead(groups, out _, out var errors))
                Assert.NotEmpty(errors);
        });

    public static TheoryData<string, string, string> Vectors => [.. TelephonePage().Select(row => row.Trim('|').Split('|', StringSplitOptions.TrimEntries))
        .Where(cells => cells is [_, ['`', ..], ['`', ..]]).Select(cells => (cells[0], cells[1].Trim('`'), cells[2].Trim('`')))];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_published_vectors_hold(string what, string bytes, string groups)
    {
        var form = what switch
        {
            "activation request" => SpokenForm.ActivationRequest,
            "activation answer" => SpokenForm.ActivationAnswer,
            _ => SpokenForm.KeyPackAnswer,
        };
        Assert.Equal(groups, string.Join(' ', form.Write(Convert.FromHexString(bytes))));
        Assert.True(form.TryRead(form.Split(groups), out var read, out _));
        Assert.Equal(bytes, Convert.ToHexStringLower(read));
    }

    [Fact]
    public void The_page_lists_every_program_by_its_number()
        => Assert.Equal(
            LicenseProgram.All.OrderBy(program => program.Code).Select(program => $"| {program.Code} | {program.Name} |"),
            TelephonePage().Where(row => row.Length > 2 && char.IsAsciiDigit(row[2])));

    private static string[] TelephonePage([System.Runtime.CompilerServices.CallerFilePath] string here = "")
        => File.ReadAllLines(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/telephone.md")));

    [Fact]
    public void Every_letter_has_a_word_that_begins_with_it()
    {
        Assert.Equal(22, SpellingAlphabet.All.Count);
        Assert.All(SpellingAlphabet.All, entry => Assert.Equal(entry.Letter, entry.Word[0]));
        Assert.Equal("7 Kilo 3 Quebec Foxtrot 0", SpellingAlphabet.Spell("7K3QF0"));
    }

    private static void AllMistakes(SpokenForm form, int number, string group)
    {
        for (var at = 0; at < group.Length; at++)
        {
            foreach (var wrong in Crockford.Alphabet)
                if (wrong != group[at])
                    Assert.StartsWith($"group {number} has a wrong symbol", form.Check(number, group[..at] + wrong + group[(at + 1)..]), StringComparison.Ordinal);
            if (at > 0 && group[at] != group[at - 1])
                Assert.StartsWith($"group {number} has a wrong symbol", form.Check(number, group[..(at - 1)] + group[at] + group[at - 1] + group[(at + 1)..]), StringComparison.Ordinal);
        }
    }
}
