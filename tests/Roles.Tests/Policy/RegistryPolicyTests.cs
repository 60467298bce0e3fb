using System.Buffers.Binary;
using System.Text;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Policy;
using Xunit;

namespace Ostiary.Roles.Tests.Policy;

/// <summary>Registry policy files: the format, its limits, and what is made of bytes that are none.</summary>
public sealed class RegistryPolicyTests
{
    private static readonly RegistryEntry[] Entries =
    [
        Policies.Number("LicensingMode", 4), Policies.Text("LicenseServers", "ls1.example.org,ls2"), new(DomainPolicy.Key, "", RegistryType.None, []),
        new(@"Software\Policies\Other", "Thing", RegistryType.Binary, [1, 2, 3]),
    ];

    // The bytes as [MS-GPREG] 2.2.1 draws them, written here by hand.
    [Fact]
    public void A_file_is_read_byte_by_byte_as_the_specification_draws_it()
    {
        byte[] file =
        [
            (byte)'P', (byte)'R', (byte)'e', (byte)'g', 1, 0, 0, 0,
            .. Encoding.Unicode.GetBytes("[Software\\Policies\\Ostiary\0;Observe\0;"), 4, 0, 0, 0, .. Encoding.Unicode.GetBytes(";"), 4, 0, 0, 0,
            .. Encoding.Unicode.GetBytes(";"), 1, 0, 0, 0, .. Encoding.Unicode.GetBytes("]"),
        ];

        var entry = Assert.Single(RegistryPolicy.Read(file));

        Assert.Equal((@"Software\Policies\Ostiary", "Observe", RegistryType.Number), (entry.Key, entry.ValueName, entry.Type));
        Assert.Equal([1, 0, 0, 0], entry.Data);
        Assert.True(DomainPolicy.Read([entry], "f", windowsToo: false).Values.Observe);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var read = RegistryPolicy.Read(RegistryPolicy.Write(Entries));

        Assert.Equal(Entries.Select(entry => (entry.Key, entry.ValueName, entry.Type, Convert.ToHexString(entry.Data))), read.Select(entry => (entry.Key, entry.ValueName, entry.Type, Convert.ToHexString(entry.Data))));
    }

    [Fact]
    public void Every_truncated_file_is_rejected_or_ends_after_an_entry()
    {
        var file = RegistryPolicy.Write(Entries);
        var ends = Enumerable.Range(0, Entries.Length + 1).Select(count => RegistryPolicy.Write(Entries[..count]).Length).ToHashSet();

        for (var length = 0; length < file.Length; length++)
            if (ends.Contains(length))
                Assert.True(RegistryPolicy.Read(file.AsSpan(0, length)).Count < Entries.Length);
            else
                Assert.Throws<RegistryPolicyException>(() => RegistryPolicy.Read(file.AsSpan(0, length)));
    }

    [Fact]
    public void A_mutated_file_is_read_or_rejected_and_nothing_else()
    {
        var file = RegistryPolicy.Write(Entries);
        var random = new Random(20_260_301);
        for (var round = 0; round < 20_000; round++)
        {
            var mutated = file.ToArray();
            for (var change = random.Next(1, 6); change > 0; change--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            try
            {
                DomainPolicy.Read(RegistryPolicy.Read(mutated.AsSpan(0, random.Next(mutated.Length + 1))), "f", windowsToo: true);
            }
            catch (RegistryPolicyException rejected)
            {
                Assert.InRange(rejected.Offset, 0, mutated.Length);
            }
        }
    }

    [Theory]
    [InlineData(0xFFFFFFFF)]
    [InlineData(0x7FFFFFFF)]
    [InlineData(65_536u)]
    public void A_size_over_the_limit_is_rejected_before_anything_is_allocated(uint size)
    {
        var file = RegistryPolicy.Write([Policies.Number("Observe", 1)]);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 12), size);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var rejected = Assert.Throws<RegistryPolicyException>(() => RegistryPolicy.Read(file));

        Assert.Contains("65535", rejected.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public void Names_and_files_over_their_limits_are_rejected()
    {
        Assert.Throws<RegistryPolicyException>(() => RegistryPolicy.Read(RegistryPolicy.Write([new(new string('k', RegistryPolicy.MaxKey + 1), "v", RegistryType.Number, [])])));
        Assert.Throws<RegistryPolicyException>(() => RegistryPolicy.Read(RegistryPolicy.Write([new("k", new string('v', RegistryPolicy.MaxValueName + 1), RegistryType.Number, [])])));
        Assert.Throws<RegistryPolicyException>(() => RegistryPolicy.Read(new byte[RegistryPolicy.MaxFile + 1]));
        Assert.Throws<RegistryPolicyException>(() => RegistryPolicy.Read(RegistryPolicy.Write(Enumerable.Repeat(new RegistryEntry("k", "v", RegistryType.Number, []), RegistryPolicy.MaxEntries + 1))));
    }

    [Fact]
    public void Keys_and_names_are_found_whatever_their_case_and_the_last_entry_counts()
    {
        var (values, faults) = DomainPolicy.Read(
            [new("SOFTWARE\\POLICIES\\ostiary", "LICENSINGMODE", RegistryType.Number, [2, 0, 0, 0]), Policies.Number("licensingmode", 4)], "f", windowsToo: false);

        Assert.Equal((LicensingMode.PerUser, 0), (values.LicensingMode, faults.Count));
    }

    [Fact]
    public void Deleting_entries_delete_what_stands_before_them()
    {
        Assert.True(Read(Policies.Number("Observe", 1), new(DomainPolicy.Key, "**del.Observe", RegistryType.Text, [0, 0])).IsEmpty);
        Assert.True(Read(Policies.Number("Observe", 1), new(DomainPolicy.Key, "**delvals.", RegistryType.Text, [0, 0])).IsEmpty);
        Assert.True(Read(Policies.Number("Observe", 1), Policies.Text("**DeleteValues", "Observe;Other")).IsEmpty);
        Assert.True(Read(Policies.Number("Observe", 1), new("", "**DeleteKeys", RegistryType.Text, Encoding.Unicode.GetBytes("Software\\Policies\\Ostiary\0"))).IsEmpty);
        Assert.True(Read(Policies.Number("Observe", 1), new(@"Software", "**DeleteKeys", RegistryType.Text, Encoding.Unicode.GetBytes("Policies\0"))).IsEmpty);
        Assert.False(Read(Policies.Number("Observe", 1), new(@"Software", "**DeleteKeys", RegistryType.Text, Encoding.Unicode.GetBytes("Policies\\Ost\0"))).IsEmpty);
        Assert.True(Read(Policies.Number("**soft.Observe", 1)).Observe);
        Assert.False(Read(Policies.Number("Observe", 0), Policies.Number("**soft.Observe", 1)).Observe);

        static PolicyValues Read(params RegistryEntry[] entries) => DomainPolicy.Read(entries, "f", windowsToo: false).Values;
    }

    [Fact]
    public void A_bad_value_names_file_field_and_limit_and_the_rest_counts()
    {
        var (values, faults) = DomainPolicy.Read(
            [Policies.Number("LicensingMode", 6), Policies.Number("GraceWarningDays", 121), Policies.Text("Observ", "1"), new(DomainPolicy.Key, "Observe", RegistryType.Binary, [1]), Policies.Number("Notifications", 0)],
            "/x/Registry.pol", windowsToo: false);

        Assert.Equal(new PolicyValues(Notifications: false), values);
        Assert.Equal(["GraceWarningDays", "LicensingMode", "Observ", "Observe"], faults.Select(fault => fault.Field).Order(StringComparer.Ordinal));
        Assert.All(faults, fault => Assert.Equal("/x/Registry.pol", fault.Origin));
        Assert.Contains(faults, fault => fault.Detail.Contains("0 to 120 days, not \"121\"", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Detail.Contains("per-device or per-user", StringComparison.Ordinal) && fault.Detail.Contains("\"6\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Windows_own_values_count_only_where_they_are_asked_for_and_beneath_ours()
    {
        RegistryEntry[] entries =
        [
            new(DomainPolicy.WindowsKey, "LicensingMode", RegistryType.Number, [4, 0, 0, 0]),
            new(DomainPolicy.WindowsKey, "LicenseServers", RegistryType.Text, Encoding.Unicode.GetBytes("ls1,ls2\0")),
            new(DomainPolicy.WindowsKey, "fDisableTerminalServerTooltip", RegistryType.Number, [1, 0, 0, 0]),
            new(DomainPolicy.WindowsKey, "MaxInstanceCount", RegistryType.Number, [1, 0, 0, 0]),
            Policies.Text("LicenseServers", "own"),
        ];

        var with = DomainPolicy.Read(entries, "f", windowsToo: true);
        var without = DomainPolicy.Read(entries, "f", windowsToo: false);

        Assert.Equal((LicensingMode.PerUser, false, "own"), (with.Values.LicensingMode!.Value, with.Values.Notifications!.Value, Assert.Single(with.Values.LicenseServers!)));
        Assert.Equal((null, null, "own"), (without.Values.LicensingMode, without.Values.Notifications, Assert.Single(without.Values.LicenseServers!)));
        Assert.Empty(with.Faults);
    }
}

/// <summary>Entries under our key.</summary>
internal static class Policies
{
    public static RegistryEntry Number(string name, uint value)
    {
        var data = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        return new(DomainPolicy.Key, name, RegistryType.Number, data);
    }

    public static RegistryEntry Text(string name, string value) => new(DomainPolicy.Key, name, RegistryType.Text, Encoding.Unicode.GetBytes(value + "\0"));
}
