using System.Buffers.Binary;
using System.Text;

namespace Ostiary.Contracts.Policy;

/// <summary>The types of registry values that policies have; the numbers are Windows'.</summary>
public enum RegistryType
{
    None = 0,
    Text = 1,
    ExpandableText = 2,
    Binary = 3,
    Number = 4,
    BigEndianNumber = 5,
    TextList = 7,
    LongNumber = 11,
}

/// <summary>An entry of a registry policy file.</summary>
/// <param name="Key">Without the hive, e.g. <c>Software\Policies\Ostiary</c>.</param>
/// <param name="ValueName">May be a directive, e.g. <c>**del.Observe</c>.</param>
/// <param name="Type">As it stands there; unknown ones are kept.</param>
/// <param name="Data">At most 65,535 bytes.</param>
public sealed record RegistryEntry(string Key, string ValueName, RegistryType Type, byte[] Data);

/// <summary>A registry policy file is not what its format says.</summary>
#pragma warning disable CA1032 // Invariant: always with the place.
public sealed class RegistryPolicyException(string detail, int offset) : Exception($"{detail} (byte {offset})")
{
    public int Offset { get; } = offset;
}
#pragma warning restore CA1032

/// <summary>
/// [MS-GPREG] 2.2.1 Registry Policy Message Syntax: <c>Registry.pol</c>. A header of 8 bytes, then <c>[key;value;type;size;data]</c> without end mark; brackets,
/// semicolons and texts are UTF-16, texts end with a zero, numbers are little-endian. Every length is held against a limit and against what is there before
/// anything is allocated.
/// </summary>
public static class RegistryPolicy
{
    /// <summary>Bytes of a file. The policies of a whole domain are some hundred KB.</summary>
    public const int MaxFile = 4 * 1024 * 1024;

    public const int MaxEntries = 65_536;

    /// <summary>Characters of a key, without its end.</summary>
    public const int MaxKey = 1_024;

    /// <summary>Characters of a value's name, without its end.</summary>
    public const int MaxValueName = 259;

    public const int MaxData = 65_535;

    private const uint Signature = 0x67655250;
    private const uint Version = 1;

    /// <summary>Reads a file.</summary>
    /// <exception cref="RegistryPolicyException">It is not one, or over a limit.</exception>
    public static IReadOnlyList<RegistryEntry> Read(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxFile)
            throw new RegistryPolicyException($"the file has {file.Length} bytes, the limit is {MaxFile}", 0);
        var reader = new Reader(file);
        if (reader.Number("the signature") != Signature)
            throw new RegistryPolicyException("the file does not begin with PReg", 0);
        if (reader.Number("the version") is var version and not Version)
            throw new RegistryPolicyException($"the version is {Version}, not {version}", 4);
        var entries = new List<RegistryEntry>();
        while (!reader.AtEnd)
        {
            if (entries.Count == MaxEntries)
                throw new RegistryPolicyException($"there are more than {MaxEntries} entries", reader.Offset);
            reader.Expect('[');
            var key = reader.Text("a key", MaxKey);
            reader.Expect(';');
            var name = reader.Text("a value's name", MaxValueName);
            reader.Expect(';');
            var type = (RegistryType)reader.Number("a type");
            reader.Expect(';');
            var size = reader.Number("a size");
            reader.Expect(';');
            var data = reader.Bytes("data", size);
            reader.Expect(']');
            entries.Add(new(key, name, type, data.ToArray()));
        }

        return entries;
    }

    /// <summary>Writes a file, e.g. for an image, or a test.</summary>
    public static byte[] Write(IEnumerable<RegistryEntry> entries)
    {
        using var stream = new MemoryStream();
        Number(Signature);
        Number(Version);
        foreach (var entry in entries)
        {
            Text("[" + entry.Key + "\0;" + entry.ValueName + "\0;");
            Number((uint)entry.Type);
            Text(";");
            Number((uint)entry.Data.Length);
            Text(";");
            stream.Write(entry.Data);
            Text("]");
        }

        return stream.ToArray();

        void Number(uint number)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
            stream.Write(bytes);
        }

        void Text(string text) => stream.Write(Encoding.Unicode.GetBytes(text));
    }

    private ref struct Reader(ReadOnlySpan<byte> file)
    {
        private readonly ReadOnlySpan<byte> _file = file;

        public int Offset { get; private set; }

        public readonly bool AtEnd => Offset == _file.Length;

        public uint Number(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(field, 4));

        public void Expect(char symbol)
        {
            var at = Offset;
            if (BinaryPrimitives.ReadUInt16LittleEndian(Bytes($"\"{symbol}\"", 2)) != symbol)
                throw new RegistryPolicyException($"there is no \"{symbol}\"", at);
        }

        public string Text(string field, int most)
        {
            var rest = _file[Offset..];
            for (var length = 0; length <= most; length++)
            {
                if (rest.Length < 2 * (length + 1))
                    throw new RegistryPolicyException($"{field} has no end", Offset);
                if (BinaryPrimitives.ReadUInt16LittleEndian(rest[(2 * length)..]) != 0)
                    continue;
                Offset += 2 * (length + 1);
                return Encoding.Unicode.GetString(rest[..(2 * length)]);
            }

            throw new RegistryPolicyException($"{field} is longer than {most} characters", Offset);
        }

        public ReadOnlySpan<byte> Bytes(string field, uint count)
        {
            if (count > MaxData)
                throw new RegistryPolicyException($"{field} has {count} bytes, the limit is {MaxData}", Offset);
            if (_file.Length - Offset < (int)count)
                throw new RegistryPolicyException($"{field} has {count} bytes, and {_file.Length - Offset} are left", Offset);
            var bytes = _file.Slice(Offset, (int)count);
            Offset += (int)count;
            return bytes;
        }
    }
}
