using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.3.2 Client Core Data (TS_UD_CS_CORE), without its header.
/// Fields from <see cref="PostBeta2ColorDepth"/> on are optional; one that is present needs all before it. Takes everything that remains.
/// </summary>
public sealed record ClientCoreData : IPdu<ClientCoreData>
{
    private const int NameLength = 32;
    private const int ImeLength = 64;
    private const int ProductLength = 64;

    public uint Version { get; init; } = 0x0008_0004;

    public ushort DesktopWidth { get; init; }

    public ushort DesktopHeight { get; init; }

    public ushort ColorDepth { get; init; } = 0xCA01;

    public ushort SasSequence { get; init; } = 0xAA03;

    public uint KeyboardLayout { get; init; }

    public uint ClientBuild { get; init; }

    /// <summary>At most 15 characters; longer names are cut by the client.</summary>
    public string ClientName { get; init; } = "";

    public uint KeyboardType { get; init; }

    public uint KeyboardSubType { get; init; }

    public uint KeyboardFunctionKey { get; init; }

    public string ImeFileName { get; init; } = "";

    public ushort? PostBeta2ColorDepth { get; init; }

    public ushort? ClientProductId { get; init; }

    public uint? SerialNumber { get; init; }

    public ushort? HighColorDepth { get; init; }

    public ushort? SupportedColorDepths { get; init; }

    public EarlyCapabilityFlags? EarlyCapabilityFlags { get; init; }

    /// <summary>Empty from FreeRDP and rdesktop.</summary>
    public string? ClientDigProductId { get; init; }

    public byte? ConnectionType { get; init; }

    public SecurityProtocols? ServerSelectedProtocol { get; init; }

    /// <summary>Physical size, orientation and scale factors, kept as they are.</summary>
    public byte[] Trailing { get; init; } = [];

    public int Size =>
        4 /* version */ + 2 /* desktopWidth */ + 2 /* desktopHeight */ + 2 /* colorDepth */ + 2 /* SASSequence */
        + 4 /* keyboardLayout */ + 4 /* clientBuild */ + NameLength
        + 4 /* keyboardType */ + 4 /* keyboardSubType */ + 4 /* keyboardFunctionKey */ + ImeLength
        + (PostBeta2ColorDepth is null ? 0 : 2) + (ClientProductId is null ? 0 : 2) + (SerialNumber is null ? 0 : 4)
        + (HighColorDepth is null ? 0 : 2) + (SupportedColorDepths is null ? 0 : 2) + (EarlyCapabilityFlags is null ? 0 : 2)
        + (ClientDigProductId is null ? 0 : ProductLength) + (ConnectionType is null ? 0 : 2 /* with pad1octet */)
        + (ServerSelectedProtocol is null ? 0 : 4) + Trailing.Length;

    public static ClientCoreData Read(ref WireReader reader) => new()
    {
        Version = reader.ReadUInt32LittleEndian("version"),
        DesktopWidth = reader.ReadUInt16LittleEndian("desktopWidth"),
        DesktopHeight = reader.ReadUInt16LittleEndian("desktopHeight"),
        ColorDepth = reader.ReadUInt16LittleEndian("colorDepth"),
        SasSequence = reader.ReadUInt16LittleEndian("SASSequence"),
        KeyboardLayout = reader.ReadUInt32LittleEndian("keyboardLayout"),
        ClientBuild = reader.ReadUInt32LittleEndian("clientBuild"),
        ClientName = WireText.ReadFixedUnicode(ref reader, NameLength, "clientName"),
        KeyboardType = reader.ReadUInt32LittleEndian("keyboardType"),
        KeyboardSubType = reader.ReadUInt32LittleEndian("keyboardSubType"),
        KeyboardFunctionKey = reader.ReadUInt32LittleEndian("keyboardFunctionKey"),
        ImeFileName = WireText.ReadFixedUnicode(ref reader, ImeLength, "imeFileName"),
        PostBeta2ColorDepth = reader.Remaining > 0 ? reader.ReadUInt16LittleEndian("postBeta2ColorDepth") : null,
        ClientProductId = reader.Remaining > 0 ? reader.ReadUInt16LittleEndian("clientProductId") : null,
        SerialNumber = reader.Remaining > 0 ? reader.ReadUInt32LittleEndian("serialNumber") : null,
        HighColorDepth = reader.Remaining > 0 ? reader.ReadUInt16LittleEndian("highColorDepth") : null,
        SupportedColorDepths = reader.Remaining > 0 ? reader.ReadUInt16LittleEndian("supportedColorDepths") : null,
        EarlyCapabilityFlags = reader.Remaining > 0 ? (EarlyCapabilityFlags)reader.ReadUInt16LittleEndian("earlyCapabilityFlags") : null,
        ClientDigProductId = reader.Remaining > 0 ? WireText.ReadFixedUnicode(ref reader, ProductLength, "clientDigProductId") : null,
        ConnectionType = reader.Remaining > 0 ? (byte)reader.ReadUInt16LittleEndian("connectionType, pad1octet") : null,
        ServerSelectedProtocol = reader.Remaining > 0 ? (SecurityProtocols)reader.ReadUInt32LittleEndian("serverSelectedProtocol") : null,
        Trailing = reader.ReadToEnd("desktopPhysicalWidth").ToArray(),
    };

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Version);
        writer.WriteUInt16LittleEndian(DesktopWidth);
        writer.WriteUInt16LittleEndian(DesktopHeight);
        writer.WriteUInt16LittleEndian(ColorDepth);
        writer.WriteUInt16LittleEndian(SasSequence);
        writer.WriteUInt32LittleEndian(KeyboardLayout);
        writer.WriteUInt32LittleEndian(ClientBuild);
        WireText.WriteFixedUnicode(ref writer, ClientName, NameLength);
        writer.WriteUInt32LittleEndian(KeyboardType);
        writer.WriteUInt32LittleEndian(KeyboardSubType);
        writer.WriteUInt32LittleEndian(KeyboardFunctionKey);
        WireText.WriteFixedUnicode(ref writer, ImeFileName, ImeLength);
        if (PostBeta2ColorDepth is { } postBeta2)
            writer.WriteUInt16LittleEndian(postBeta2);
        if (ClientProductId is { } product)
            writer.WriteUInt16LittleEndian(product);
        if (SerialNumber is { } serial)
            writer.WriteUInt32LittleEndian(serial);
        if (HighColorDepth is { } high)
            writer.WriteUInt16LittleEndian(high);
        if (SupportedColorDepths is { } supported)
            writer.WriteUInt16LittleEndian(supported);
        if (EarlyCapabilityFlags is { } early)
            writer.WriteUInt16LittleEndian((ushort)early);
        if (ClientDigProductId is { } dig)
            WireText.WriteFixedUnicode(ref writer, dig, ProductLength);
        if (ConnectionType is { } type)
            writer.WriteUInt16LittleEndian(type);
        if (ServerSelectedProtocol is { } selected)
            writer.WriteUInt32LittleEndian((uint)selected);
        writer.WriteBytes(Trailing);
    }

    /// <summary>Says nothing: the name is a person's machine.</summary>
    public override string ToString() => nameof(ClientCoreData);
}
