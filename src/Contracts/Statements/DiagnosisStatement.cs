using System.Formats.Cbor;

namespace Ostiary.Contracts.Statements;

/// <summary>What a role found of itself, signed with its key: evidence for whoever helps from elsewhere.</summary>
/// <param name="Role"><c>session-host</c> or <c>license-server</c>.</param>
/// <param name="Name">The host's name, or the License Server ID.</param>
/// <param name="At">When it looked, to the second.</param>
/// <param name="SoftwareVersion">Its software.</param>
/// <param name="Findings">JSON of a <see cref="Diagnosis.RoleFindings"/>, without names of people and devices.</param>
public sealed record DiagnosisStatement(string Role, string Name, DateTimeOffset At, string SoftwareVersion, byte[] Findings)
{
    public const string TypeName = "ostiary-diagnosis";

    /// <summary>Bytes of the findings.</summary>
    public const int MaxFindings = 48 * 1024;

    private const int MaxName = 255;
    private const int FormatVersion = 1;

    public byte[] Encode()
    {
        var writer = Statement.Begin(TypeName, FormatVersion, 5);
        writer.Write(3, Role);
        writer.Write(4, Name);
        writer.Write(5, At);
        writer.Write(6, SoftwareVersion);
        writer.Write(7, Findings);
        return Statement.End(writer);
    }

    /// <exception cref="CborContentException">Not a diagnosis of a version that we know, or a field out of its limits.</exception>
    public static DiagnosisStatement Decode(ReadOnlyMemory<byte> payload) => Statement.Read(payload, TypeName, FormatVersion, reader =>
    {
        var (role, name, at, software) = (reader.ReadText(3, MaxName), reader.ReadText(4, MaxName), reader.ReadTime(5), reader.ReadText(6, Diagnosis.SoftwareVersion.MaxLength));
        reader.Expect(7);
        var findings = reader.ReadByteString();
        return findings.Length <= MaxFindings
            ? new DiagnosisStatement(role, name, at, software, findings)
            : throw new CborContentException($"member 7 (the findings) is longer than {MaxFindings} bytes");
    });
}
