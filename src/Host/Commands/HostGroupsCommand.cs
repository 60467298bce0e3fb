using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Policy;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary hosts group</c>: groups of session hosts, to which a license server says policy.</summary>
internal static class HostGroupsCommand
{
    private const int PageOfAll = 1000;

    public static Command Create() => new("group", "Groups of session hosts: what 'ostiary policy set --group' says goes to all of them.") { List(), Add(), Remove() };

    /// <summary>A group by its name; null where there is none.</summary>
    public static async Task<HostGroupRecord?> FindAsync(LicenseServerAdministrationClient server, string name, CancellationToken cancellation)
    {
        // There are no more groups than one page holds.
        return (await server.HostGroupsAsync(null, PageOfAll, cancellation)).Items.FirstOrDefault(group => group.Name == name);
    }

    public static void Print(Screen screen, HostGroupRecord group) => screen.Facts(
        ("Group", group.Name),
        ("Session hosts", group.Hosts.ToString(CultureInfo.InvariantCulture)),
        ("Values", Values(group.Values)));

    private static Command List() => ListCommand.Create(
        "list", "Lists the host groups and what is said to them.", ServerCommand.Role,
        (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).HostGroupsAsync(after, limit, cancellation),
        "There is no host group. 'ostiary hosts group add NAME HOST…' makes one.",
        ("Group", group => group.Name),
        ("Session hosts", group => group.Hosts.ToString(CultureInfo.InvariantCulture)),
        ("Values", group => Values(group.Values)));

    private static Command Add()
    {
        var name = Name();
        var hosts = new Argument<Guid[]>("host") { Description = "Host ids, as 'ostiary hosts list' prints them.", Arity = ArgumentArity.ZeroOrMore };
        return new Command("add", "Makes a group where there is none, and puts session hosts in it; a host is in one group.") { name, hosts }.Calls(
            ServerCommand.Role,
            async (client, parse, cancellation) =>
            {
                var server = new LicenseServerAdministrationClient(client);
                var group = parse.GetRequiredValue(name);
                if (await FindAsync(server, group, cancellation) is null)
                    await server.SetHostGroupAsync(group, new(PolicyValues.None), cancellation);
                foreach (var host in parse.GetValue(hosts) ?? [])
                    await server.ChangeHostAsync(host, new(null, null, null, group), cancellation);
                return (await FindAsync(server, group, cancellation))!;
            },
            Print);
    }

    private static Command Remove()
    {
        var name = Name();
        var hosts = new Argument<Guid[]>("host") { Description = "Host ids; without one the group itself is removed.", Arity = ArgumentArity.ZeroOrMore };
        return new Command("remove", "Takes session hosts out of a group, or removes the group.") { name, hosts }.Calls(
            ServerCommand.Role,
            async (client, parse, cancellation) =>
            {
                var server = new LicenseServerAdministrationClient(client);
                var group = parse.GetRequiredValue(name);
                if (parse.GetValue(hosts) is not { Length: > 0 } leaving)
                    return await server.RemoveHostGroupAsync(group, cancellation);
                foreach (var host in leaving)
                    await server.ChangeHostAsync(host, new(null, null, null, ""), cancellation);
                return await FindAsync(server, group, cancellation) ?? throw new UsageException($"there is no host group {group}");
            },
            Print);
    }

    private static Argument<string> Name() => new("name") { Description = "The group's name: letters, digits, hyphens, underscores, dots; at most 64." };

    private static string Values(PolicyValues values)
        => string.Join(" ", PolicyCatalogue.All.Where(definition => definition.Get(values) is not null).Select(definition => $"{definition.Name}={PolicyDefinition.Format(definition.Get(values)!)}"));
}
