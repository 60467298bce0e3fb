using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.11.1.1 Info Packet (TS_INFO_PACKET), behind the security header.
/// <code>
/// CodePage (4) | flags (4) | cbDomain cbUserName cbPassword cbAlternateShell cbWorkingDir (2 each, without terminator) |
///   Domain | UserName | Password | AlternateShell | WorkingDir (each with terminator) | extended part (optional)
/// </code>
/// Takes everything that remains.
/// Invariant: a password that was read is not kept; it has gone by the time <see cref="Read"/> returns. <see cref="Write"/> writes an empty one.
/// </summary>
public sealed record ClientInfo : IPdu<ClientInfo>
{
    /// <summary>Keyboard layout where <see cref="ClientInfoFlags.Unicode"/> is set.</summary>
    public uint CodePage { get; init; }

    public ClientInfoFlags Flags { get; init; } = ClientInfoFlags.Unicode;

    public string Domain { get; init; } = "";

    public string UserName { get; init; } = "";

    public string AlternateShell { get; init; } = "";

    public string WorkingDirectory { get; init; } = "";

    public ExtendedClientInfo? Extended { get; init; }

    public int Size => SizeWith([]);

    private Encoding Text => Flags.HasFlag(ClientInfoFlags.Unicode) ? Encoding.Unicode : Encoding.Latin1;

    private int TerminatorLength => Flags.HasFlag(ClientInfoFlags.Unicode) ? 2 : 1;

    public static ClientInfo Read(ref WireReader reader)
    {
        var codePage = reader.ReadUInt32LittleEndian("CodePage");
        var flags = (ClientInfoFlags)reader.ReadUInt32LittleEndian("flags");
        var domainLength = reader.ReadLengthUInt16LittleEndian("cbDomain", Limits.ClientInfoString);
        var userLength = reader.ReadLengthUInt16LittleEndian("cbUserName", Limits.ClientInfoString);
        var passwordLength = reader.ReadLengthUInt16LittleEndian("cbPassword", Limits.ClientInfoString);
        var shellLength = reader.ReadLengthUInt16LittleEndian("cbAlternateShell", Limits.ClientInfoString);
        var directoryLength = reader.ReadLengthUInt16LittleEndian("cbWorkingDir", Limits.ClientInfoString);
        var shape = new ClientInfo { CodePage = codePage, Flags = flags };
        var domain = shape.ReadText(ref reader, domainLength, "Domain");
        var user = shape.ReadText(ref reader, userLength, "UserName");
        _ = reader.ReadBytes(passwordLength + shape.TerminatorLength, "Password");
        var shell = shape.ReadText(ref reader, shellLength, "AlternateShell");
        var directory = shape.ReadText(ref reader, directoryLength, "WorkingDir");
        return shape with
        {
            Domain = domain,
            UserName = user,
            AlternateShell = shell,
            WorkingDirectory = directory,
            Extended = reader.Remaining > 0 ? ExtendedClientInfo.Read(ref reader) : null,
        };
    }

    public void Write(ref WireWriter writer) => WriteWith([], ref writer);

    /// <summary>The PDU's bytes with a password, for a client. The caller clears what it no longer needs.</summary>
    public byte[] EncodeWithPassword(ReadOnlySpan<char> password)
    {
        var bytes = new byte[SizeWith(password)];
        var writer = new WireWriter(bytes);
        WriteWith(password, ref writer);
        writer.ExpectFull();
        return bytes;
    }

    /// <summary>Says nothing: it holds names.</summary>
    public override string ToString() => nameof(ClientInfo);

    private int SizeWith(ReadOnlySpan<char> password) =>
        4 /* CodePage */ + 4 /* flags */ + 5 * 2 /* lengths */ + 5 * TerminatorLength
        + Text.GetByteCount(Domain) + Text.GetByteCount(UserName) + Text.GetByteCount(password)
        + Text.GetByteCount(AlternateShell) + Text.GetByteCount(WorkingDirectory)
        + (Extended?.Size ?? 0);

    private void WriteWith(ReadOnlySpan<char> password, ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(CodePage);
        writer.WriteUInt32LittleEndian((uint)Flags);
        writer.WriteUInt16LittleEndian((ushort)Text.GetByteCount(Domain));
        writer.WriteUInt16LittleEndian((ushort)Text.GetByteCount(UserName));
        writer.WriteUInt16LittleEndian((ushort)Text.GetByteCount(password));
        writer.WriteUInt16LittleEndian((ushort)Text.GetByteCount(AlternateShell));
        writer.WriteUInt16LittleEndian((ushort)Text.GetByteCount(WorkingDirectory));
        WriteText(ref writer, Domain);
        WriteText(ref writer, UserName);
        WriteText(ref writer, password);
        WriteText(ref writer, AlternateShell);
        WriteText(ref writer, WorkingDirectory);
        Extended?.Write(ref writer);
    }

    private string ReadText(ref WireReader reader, int length, string field)
    {
        var text = Text.GetString(reader.ReadBytes(length, field));
        _ = reader.ReadBytes(TerminatorLength, field);
        return text;
    }

    private void WriteText(ref WireWriter writer, ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[Text.GetByteCount(text)];
        Text.GetBytes(text, bytes);
        writer.WriteBytes(bytes);
        bytes.Clear();
        writer.WriteZeros(TerminatorLength);
    }
}
