using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>The host's own key, P-256, made at first start and the same at all license servers.</summary>
internal sealed class HostKey : IDisposable
{
    private HostKey(ECDsa key, string machineId) => (Key, MachineId) = (key, machineId);

    public ECDsa Key { get; }

    /// <summary>32 hexadecimal digits: the machine's id, hashed with a label so that it tells nobody the machine's real one.</summary>
    public string MachineId { get; }

    /// <param name="stateDirectory">The key is in it.</param>
    /// <param name="machineIdFile">The machine's id.</param>
    public static HostKey Load(string stateDirectory, string machineIdFile)
    {
        var path = Path.Combine(stateDirectory, "host.key");
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (File.Exists(path))
            key.ImportFromPem(File.ReadAllText(path));
        else
            PrivateFiles.Write(path, key.ExportPkcs8PrivateKeyPem());
        return new(key, ReadMachineId(machineIdFile, Path.Combine(stateDirectory, "machine-id")));
    }

    /// <summary>The certificate to join with: it only shows that we hold the key.</summary>
    public X509Certificate2 SelfMade(DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=Ostiary session host joining", Key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
    }

    public void Dispose() => Key.Dispose();

    /// <summary>Says nothing: it is a private key.</summary>
    public override string ToString() => nameof(HostKey);

    // A machine without an id gets a random one of ours, kept in the state directory, and goes on with it. "uninitialized" is systemd's word before the first boot.
    private static string ReadMachineId(string file, string ownFile)
    {
        var id = ReadId(ownFile) ?? ReadId(file);
        if (id is null)
            PrivateFiles.Write(ownFile, id = Guid.NewGuid().ToString("N"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("Ostiary machine id\n" + id))[..16]);
    }

    private static string? ReadId(string file)
        => File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } id && id != "uninitialized" ? id : null;
}
