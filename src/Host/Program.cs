using System.CommandLine;
using Ostiary.Host;
using Ostiary.Host.Commands;

var root = new RootCommand("Ostiary: client access licensing for remote desktops. Not a Microsoft license and not a Microsoft product.")
{
    GlobalOptions.State,
    GlobalOptions.Json,
    RunCommand.Create(),
    ClearinghouseCommand.Create(),
    KeysCommand.Create(),
    ServerCommand.Create(),
    PacksCommand.Create(),
    HostsCommand.Create(),
    CalsCommand.Create(),
    DevicesCommand.Create(),
    UsersCommand.Create(),
    MachinePolicyCommand.Create(),
    PolicyCommand.CreateBreakGlass(),
    SessionsCommand.Create(),
    RefusalsCommand.Create(),
    GraceCommand.Create(),
    HostCommand.Create(),
    ObserveCommand.Create(),
    ExplainCommand.Create(),
    DiagnoseCommand.Create(),
    AuditCommand.Create(),
    StatusCommand.Create(),
    RolesCommand.Create(),
    ManagerCommand.Create(),
    AccountsCommand.Create(ServerCommand.Role, "the license server"),
    TokensCommand.Create(ServerCommand.Role, "the license server"),
    LoginCommand.CreateLogin(),
    LoginCommand.CreateLogout(),
    LoginCommand.CreateWhoAmI(),
    CompletionCommand.Create(),
    ManPagesCommand.Create(),
};

// Under the name licmgr it opens the Licensing Manager, and as lsdiag it diagnoses: what it was started as stands in front of the arguments.
var parse = root.Parse(Invocation.Name switch
{
    ManagerCommand.Alias => ["manager", "open", .. args],
    DiagnoseCommand.Alias => ["diagnose", .. args],
    _ => args,
});
// Ctrl-C and SIGTERM reach a running role as an orderly stop, however long that takes; the roles have their own limits.
var exit = await parse.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parse.Errors.Count > 0 ? ExitCode.Usage : exit;
