using System.Text.Json;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Policy;
using Ostiary.SessionHost.LicenseServers;

namespace Ostiary.SessionHost.Policy;

/// <summary>
/// What each license server last said to this host's group, kept in the state directory: it counts while the license server is away. Of several license
/// servers the first in order that says something counts.
/// </summary>
internal sealed class GroupPolicies
{
    private const int MaxBytes = 256 * 1024;

    private readonly string _path;
    private readonly Lock _lock = new();
    private Dictionary<string, HostGroupPolicy> _known = [];
    private Dictionary<string, GroupPolicy?> _read = [];

    public GroupPolicies(SessionHostOptions options, ILogger<GroupPolicies> logger)
    {
        _path = Path.Combine(options.StateDirectory, "group-policy.json");
        try
        {
            if (File.Exists(_path) && new FileInfo(_path).Length <= MaxBytes)
                _known = JsonSerializer.Deserialize(File.ReadAllBytes(_path), ContractsJson.Default.DictionaryStringHostGroupPolicy) ?? [];
        }
        catch (JsonException damaged)
        {
            // The license server says it again.
            Log.GroupPolicyDamaged(logger, damaged.Message);
        }
    }

    /// <summary>What counts now; null where no license server says anything. The same as long as nothing has changed.</summary>
    public GroupPolicy? Current(Servers servers)
    {
        lock (_lock)
            foreach (var link in servers.Links)
            {
                if (!_read.TryGetValue(link.Fingerprint.Hex, out var policy))
                    _read[link.Fingerprint.Hex] = policy = Read(link);
                if (policy is not null)
                    return policy;
            }

        return null;
    }

    // What a later license server says that this version does not understand is not half understood.
    private GroupPolicy? Read(ServerLink link)
        => _known.TryGetValue(link.Fingerprint.Hex, out var said) && said is { Group: { } group, Values: { } values } && PolicyCatalogue.FirstWrong(values) is null
            ? new(link.Address.Authority, group, values)
            : null;

    /// <summary>A license server has said this, by the key that is pinned.</summary>
    public void Keep(ServerLink link, HostGroupPolicy said)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(link.Fingerprint.Hex, out var before) && Bytes(before).AsSpan().SequenceEqual(Bytes(said)))
                return;
            var next = new Dictionary<string, HostGroupPolicy>(_known) { [link.Fingerprint.Hex] = said };
            PrivateFiles.Write(_path, JsonSerializer.SerializeToUtf8Bytes(next, ContractsJson.Default.DictionaryStringHostGroupPolicy));
            _known = next;
            _read = [];
        }
    }

    private static byte[] Bytes(HostGroupPolicy said) => JsonSerializer.SerializeToUtf8Bytes(said, ContractsJson.Default.HostGroupPolicy);
}
