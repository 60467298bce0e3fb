using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Routes;

/// <summary>
/// Each route of a license server, as the running program lists them, against everybody who should not get anything from it and everything that should
/// not be sent to it: nothing is granted, nothing stops, errors name the field.
/// </summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed partial class LicenseServerRoutesTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    /// <summary>A good request of each route, and what the second one of the same is answered.</summary>
    /// <param name="Body">JSON; what stands in braces is filled in. Null where the route takes none.</param>
    /// <param name="Of">What the name in the route's path stands for; filled in, too.</param>
    /// <param name="Takes">The type of the body at the hosts' door, which is not in the published description.</param>
    /// <param name="Empty">The status of an empty object in the place of the body: where no member is required, nothing is changed, which is good.</param>
    /// <param name="Second">The status of the same request again; the first one is 200.</param>
    /// <param name="DoesAgain">Whether the second does something, too.</param>
    private sealed record Sample(string? Body = null, string Of = "", Type? Takes = null, int Empty = 400, int Second = 200, bool DoesAgain = false);

    private static readonly Dictionary<string, Sample> Samples = new()
    {
        ["POST /v1/device-cals"] = new(
            """{"requestId":"{guid}","device":{"hardwareId":"00112233445566778899aabbccddeeff00112233","clientName":"KIOSK","userName":"alice","address":"192.0.2.1"},"pass":"any"}""",
            Takes: typeof(DeviceCalRequest)),
        ["POST /v1/validations"] = new("""{"requestId":"{logon}","serial":"{temporary}","account":"alice"}""", Takes: typeof(ValidationRequest)),
        ["POST /v1/user-cals"] = new("""{"requestId":"{userLogon}","user":{"name":"alice","realm":"example.org","stableId":"1001"},"pass":"any"}""", Takes: typeof(UserCalRequest)),
        ["POST /v1/hosts/join"] = new("""{"token":"{invitation}","machineId":"00112233445566778899aabbccddeeff","name":"host"}""", Takes: typeof(JoinRequest)),
        ["POST /v1/hosts/renew"] = new("{}", DoesAgain: true),
        ["GET /v1/revocations"] = new(),
        ["GET /v1/hosts/policy"] = new(),
        ["GET /v1/trust"] = new(),
        ["GET /v1/successions"] = new(),
        ["POST /v1/sessions"] = new(
            """{"sessions":[{"sessionId":7,"serial":"{permanent}","address":"192.0.2.1","startedAt":"2026-01-01T00:00:00+00:00"}]}""", Takes: typeof(SessionReport)),
        ["POST /v1/reports"] = new(
            """{"sessions":[{"id":7,"device":"KIOSK","address":"192.0.2.1","rule":"3","temporary":false,"startedAt":"2026-01-01T00:00:00+00:00"}],"refusals":[]}""", Takes: typeof(HostReport)),
        ["GET /v1/host-sessions"] = new(),
        ["GET /v1/host-refusals"] = new(),
        ["GET /v1/host-states"] = new(),
        ["GET /v1/usage"] = new(),
        ["POST /v1/grace"] = new("""{"record":"{graceRecord}"}""", Takes: typeof(GraceCopyRequest), Empty: 200),
        ["POST /v1/recovery"] = new("""{"receipts":[],"complete":false}""", Takes: typeof(RecoveryReport)),
        ["POST /v1/time"] = new("""{"nonce":"AAECAwQFBgcICQoLDA0ODw=="}""", Takes: typeof(TimeRequest)),
        ["POST /v1/diagnosis"] = new("""{"softwareVersion":"1.0.0"}""", Takes: typeof(DiagnosisRequest)),
        ["GET /v1/status"] = new(),
        ["GET /v1/findings"] = new(),
        ["POST /v1/diagnosis-bundle"] = new("{}", Empty: 200),
        ["GET /v1/publisher/audit-head"] = new(),
        ["POST /v1/activation"] = new("""{"company":{"firstName":"Ada","lastName":"Lovelace","company":"Engines Ltd","country":"GB"}}"""),
        ["POST /v1/succession"] = new("""{"cause":"lost","reason":"the machine burnt"}"""),
        ["POST /v1/activation/request"] = new("{}", Empty: 200),
        ["POST /v1/activation/answer"] = new("""{"responseCode":"OSTIARY-RESPONSE:00"}""", Empty: 200),
        ["POST /v1/trust"] = new("""{"documents":{"certificates":"{root}"}}"""),
        ["POST /v1/reactivation/answer"] = new("""{"responseCode":"{reactivationAnswer}"}"""),
        ["POST /v1/reactivation"] = new("""{"reason":"upgraded","contact":{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.org"}}""", DoesAgain: true),
        ["POST /v1/reactivation/request"] = new("""{"reason":"redeployed"}"""),
        ["POST /v1/deactivation/request"] = new("""{"givesUp":true}"""),
        ["POST /v1/deactivation"] = new("""{"contact":{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.org"}}"""),
        ["POST /v1/deactivation/answer"] = new("""{"responseCode":"{deactivationAnswer}"}"""),
        ["POST /v1/packs/request"] = new("""{"productKey":"{productKey}"}"""),
        ["POST /v1/packs/answer"] = new("""{"productKey":"{carriedKey}","responseCode":"{carriedAnswer}"}"""),
        ["POST /v1/packs/draws"] = new("""{"program":"select","numbers":["1234567"],"type":"device","version":2022,"quantity":5}""", DoesAgain: true),
        ["POST /v1/packs/draws/request"] = new("""{"program":"open-license","numbers":["12345-ABCDE-FGHIJ","1234 5678"],"type":"device","version":2022,"quantity":6}"""),
        ["POST /v1/packs/draws/answer"] = new("""{"responseCode":"{drawnAnswer}"}"""),
        ["POST /v1/packs/check"] = new("""{"productKey":"{productKey}"}"""),
        ["POST /v1/packs"] = new("""{"productKey":"{productKey}"}"""),
        ["GET /v1/packs"] = new(),
        ["POST /v1/packs/{id}/conversion"] = new("""{"count":1}""", "{devicePack}", DoesAgain: true),
        ["POST /v1/transfers"] = new("""{"keyPacks":["{transferredPack}"],"to":"{otherServer}"}"""),
        ["DELETE /v1/transfers/{id}"] = new(Of: "{undonePack}", Second: 404),
        ["POST /v1/receptions"] = new("{transferFile}"),
        ["DELETE /v1/packs/{id}"] = new(Of: "{unusedPack}", Second: 404),
        ["GET /v1/user-cals"] = new(),
        ["GET /v1/user-cals/{serial}"] = new(Of: "{userCal}"),
        ["POST /v1/user-cals/{serial}/release"] = new("""{"reason":"left"}""", "{releasedUserCal}", Empty: 409, Second: 409),
        ["POST /v1/user-cals/{serial}/rename"] = new("""{"name":"erin.new"}""", "{userCal}"),
        ["GET /v1/policy"] = new(),
        ["PUT /v1/policy"] = new("""{"userOverUse":"track","preventLicenseUpgrade":true}""", Empty: 200),
        ["POST /v1/break-glass"] = new("""{"reason":"the packs are late"}""", Second: 409),
        ["POST /v1/invitations"] = new("""{"mode":"per-device","hours":1}""", DoesAgain: true),
        ["POST /v1/policy/update"] = new(),
        ["GET /v1/host-groups"] = new(),
        ["PUT /v1/host-groups/{name}"] = new("""{"values":{"licensingMode":"per-user","graceWarningDays":7}}""", "kiosks"),
        ["DELETE /v1/host-groups/{name}"] = new(Of: "{removedGroup}", Second: 404),
        ["GET /v1/hosts"] = new(),
        ["PUT /v1/hosts/{id}"] = new("""{"allowed":true,"quotaPerHour":100,"separateAccounts":true}""", "{host}", Empty: 200),
        ["DELETE /v1/hosts/{id}"] = new(Of: "{removedHost}", Second: 404),
        ["GET /v1/cals"] = new(),
        ["GET /v1/cals/{serial}"] = new(Of: "{permanent}"),
        ["GET /v1/cals/{serial}/certificate"] = new(Of: "{temporary}"),
        ["GET /v1/cals/{serial}/revocation"] = new(Of: "{permanent}"),
        ["POST /v1/cals/{serial}/revocation"] = new("""{"reason":"lost"}""", "{permanent}"),
        ["DELETE /v1/cals/{serial}/revocation"] = new(Of: "{permanent}"),
        ["GET /v1/devices"] = new(),
        ["GET /v1/devices/{device}"] = new(Of: "{device}"),
        ["POST /v1/devices/{device}/merge"] = new("""{"other":"{otherDevice}","reason":"one machine"}""", "{mergedDevice}", Second: 404),
        ["POST /v1/devices/{device}/split"] = new("""{"hardwareId":"{otherHardwareId}","clientName":"SECOND"}""", "{mergedDevice}", Second: 404),
        ["POST /v1/explanation"] = new("""{"host":"{host}","name":"SETTLED"}"""),
        ["GET /v1/clock"] = new(),
        ["POST /v1/clock"] = new("{}"),
        ["GET /v1/audit/verification"] = new(),
        ["GET /v1/audit"] = new(),
        ["POST /v1/sign-in"] = new($$"""{"name":"carol","password":"{{Password}}"}""", DoesAgain: true),
        ["POST /v1/sign-out"] = new("{}", Second: 401),
        ["GET /v1/caller"] = new(),
        ["GET /v1/accounts"] = new(),
        ["POST /v1/accounts"] = new($$"""{"name":"dave","role":"reader","password":"{{Password}}"}""", Second: 409),
        ["PUT /v1/accounts/{name}/role"] = new("""{"role":"operator"}""", "bob"),
        ["PUT /v1/accounts/{name}/password"] = new("""{"password":"another horse battery"}""", "bob", DoesAgain: true),
        ["DELETE /v1/accounts/{name}"] = new(Of: "bob", Second: 404),
        ["GET /v1/tokens"] = new(),
        ["POST /v1/tokens"] = new("""{"name":"program","role":"reader","days":1}""", Second: 409),
        ["DELETE /v1/tokens/{id}"] = new(Of: "{token}"),
        ["GET /openapi/v1.json"] = new(),
    };

    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;
    private RunningLicenseServer _other = null!;
    private TestHost _host = null!;
    private TestHost _perUserHost = null!;
    private TestHost _otherHost = null!;
    private HttpClient _administrator = null!;
    private Dictionary<string, string> _names = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private IEnumerable<Route> Administration => Route.Of(_server.App).Where(route => route.Says<DoorMetadata>()!.Door == Door.Administration);

    private IEnumerable<Route> Hosts => Route.Of(_server.App).Where(route => route.Says<DoorMetadata>()!.Door == Door.Hosts);

    private string Ledger => RouteCalls.Snapshot(_server.Database, System.IO.Path.Combine(_server.Directory, "state", "ledger.db"));

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartAsync(_clearinghouse);
        await _server.ActivateAsync();
        _other = await RunningLicenseServer.StartAsync();
        _host = await _server.JoinAsync();
        _perUserHost = await _server.JoinAsync(mode: LicensingMode.PerUser);
        _otherHost = await _other.JoinAsync();
        var devicePack = await InstallAsync(CalType.Device);
        await InstallAsync(CalType.User);
        var (device, settled) = (new TestDevice("CLIENT"), new TestDevice("SETTLED"));
        await _host.ConnectAsync(device);
        await _host.SettleAsync(settled);
        var (first, second) = (new TestDevice("FIRST"), new TestDevice("SECOND"));
        await _host.SettleAsync(first);
        await _host.SettleAsync(second);
        var unusedPack = await InstallAsync(CalType.Device);
        var removedHost = await _server.JoinAsync();
        await _server.Administration.SetHostGroupAsync("removed", new(new(Observe: true)), Cancellation);
        var devices = (await _server.Administration.DevicesAsync(null, 10, null, Cancellation)).Items;
        var accounts = new AccountsClient(_server.AdministrationHttp);
        foreach (var name in new[] { "admin", "bob", "carol" })
            await accounts.AddAsync(new(name, name == "admin" ? AccountRole.Administrator : AccountRole.Reader, Password), Cancellation);
        _administrator = _server.Remote(await SignInAsync("admin"));
        var token = await accounts.CreateTokenAsync(new("to-be-revoked", AccountRole.Reader, 1), Cancellation);
        var invited = await _server.Administration.InviteAsync(new(null, LicensingMode.PerDevice, 24), Cancellation);
        Assert.True(Invitation.TryParse(invited.Invitation, out var invitation));
        var grace = new GraceRecordStatement("00112233445566778899aabbccddeeff", TestLedger.Begin, null, 0, [], TestLedger.Begin, 1);
        var undonePack = (await _server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation)).PackId;
        await _server.Administration.TransferAsync(new([undonePack], _other.Ledger.Identity.Id.Text), Cancellation);
        var transferredPack = (await _server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation)).PackId;
        var carriedKey = FakeClearinghouse.NewProductKey();
        var carried = await _server.Administration.PackRequestAsync(new(carriedKey), Cancellation);
        _names = new()
        {
            ["{undonePack}"] = $"{undonePack}",
            ["{transferredPack}"] = $"{transferredPack}",
            ["{otherServer}"] = _other.Ledger.Identity.Id.Text,
            ["{transferFile}"] = System.Text.Json.JsonSerializer.Serialize(_clearinghouse.TransferTo(_server.Ledger.Identity.Id.Text), ContractsJson.Default.TransferFile),
            ["{guid}"] = $"{Guid.CreateVersion7()}",
            ["{logon}"] = $"{Guid.CreateVersion7()}",
            ["{userLogon}"] = $"{Guid.CreateVersion7()}",
            ["{temporary}"] = device.Serial,
            ["{permanent}"] = settled.Serial,
            ["{device}"] = $"{Named("SETTLED")}",
            ["{mergedDevice}"] = $"{Named("FIRST")}",
            ["{otherDevice}"] = $"{Named("SECOND")}",
            ["{otherHardwareId}"] = Convert.ToHexStringLower(second.HardwareId),
            ["{userCal}"] = await LogOnAsync("erin"),
            ["{releasedUserCal}"] = await LogOnAsync("frank"),
            ["{devicePack}"] = $"{devicePack}",
            ["{unusedPack}"] = $"{unusedPack}",
            ["{host}"] = $"{_host.Membership.HostId}",
            ["{removedGroup}"] = "removed",
            ["{removedHost}"] = $"{removedHost.Membership.HostId}",
            ["{graceRecord}"] = Convert.ToBase64String(Statement.Sign(grace.Encode(), _host.Key)),
            ["{invitation}"] = invitation.Token,
            ["{productKey}"] = FakeClearinghouse.NewProductKey(),
            ["{carriedKey}"] = carriedKey,
            ["{drawnAnswer}"] = _clearinghouse.CarryDraw(await _server.Administration.DrawRequestAsync(new("campus", ["7654321"], CalType.Device, new(2022), 5), Cancellation)),
            ["{carriedAnswer}"] = _clearinghouse.Carry(carried),
            ["{token}"] = $"{token.Record.Id}",
            ["{root}"] = _authority.Root.ExportCertificatePem().ReplaceLineEndings("\\n"),
            ["{reactivationAnswer}"] = _clearinghouse.Carry(await _server.Administration.ReactivationRequestAsync(new(ReactivationReason.Upgraded), Cancellation)),
            // The automatic way has been gone by then.
            ["{deactivationAnswer}"] = ResponseCode.Deactivation([1], _authority.Issuing.RawData).Text,
        };

        Guid Named(string clientName) => devices.Single(record => record.Identities[0].ClientName == clientName).DeviceId;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _other.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public void Every_route_has_a_good_request_here()
        => Assert.Equal(Samples.Keys.Order(StringComparer.Ordinal), Route.Of(_server.App).Select(route => route.Name).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Without_a_good_token_nothing_is_granted_to_anybody()
    {
        var accounts = new AccountsClient(_server.AdministrationHttp);
        var over = await _server.TokenAsync(AccountRole.Administrator, days: 1);
        var revoked = await accounts.CreateTokenAsync(new("revoked", AccountRole.Administrator, 300), Cancellation);
        await accounts.RevokeTokenAsync(revoked.Record.Id, Cancellation);
        await PassAsync(TimeSpan.FromDays(1));
        var callers = new (string Who, HttpClient Http)[]
        {
            ("nobody", _server.Remote(null)),
            ("a token that is none", _server.Remote("secret")),
            ("a token that was never given", _server.Remote("ostiary_" + new string('A', 43))),
            ("a token that is over", _server.Remote(over)),
            ("a token that was revoked", _server.Remote(revoked.Token)),
            ("another license server's token", _server.Remote(await _other.TokenAsync(AccountRole.Administrator))),
            ("a host of ours", WithCertificate(_host.Certificate)),
            ("another license server's host", WithCertificate(_otherHost.Certificate)),
        };

        foreach (var (who, http) in callers)
            await ExpectAsync(who, Administration.Where(route => route.Says<RoleMetadata>()!.Least is not null), route => http.CallAsync(route, Path(route), Body(route)), _ => (401, LicensingProblem.NotAuthenticated, null));
    }

    [Fact]
    public async Task With_a_role_that_is_not_enough_nothing_is_granted()
    {
        foreach (var role in new[] { AccountRole.Reader, AccountRole.Operator })
        {
            var http = _server.Remote(await _server.TokenAsync(role));
            await ExpectAsync(
                $"{role}", Administration.Where(route => route.Says<RoleMetadata>()!.Least > role), route => http.CallAsync(route, Path(route), Body(route)), _ => (403, LicensingProblem.NotAllowed, null));
        }
    }

    [Fact]
    public async Task At_the_hosts_door_only_a_host_of_ours_gets_anything()
    {
        var removed = await _server.JoinAsync();
        await _server.Ledger.WorkAsync(
            batch =>
            {
                batch.Db.Hosts.AsTracking().Single(row => row.HostId == removed.Membership.HostId).Remove(batch.Now);
                return true;
            },
            Cancellation);
        var token = await _server.TokenAsync(AccountRole.Administrator);
        var withToken = _server.At(null);
        withToken.DefaultRequestHeaders.Authorization = new("Bearer", token);

        foreach (var (who, http, code) in new[]
        {
            ("nobody", _server.At(null), LicensingProblem.NotAuthenticated),
            ("an administrator's token", withToken, LicensingProblem.NotAuthenticated),
            ("a self-made certificate", _server.At(new TestHost(_server).SelfMade()), LicensingProblem.HostNotJoined),
            ("another license server's host", _server.At(_otherHost.Certificate), LicensingProblem.HostNotJoined),
            ("a host that was removed", removed.Http, LicensingProblem.HostNotJoined),
        })
        {
            // Joining is for those who are no hosts yet: what they must have is an invitation. And which keys were there before is for those who know nobody there any more.
            var routes = Hosts.Where(route => route.Says<CredentialMetadata>()!.Credential is var credential
                && credential != Credential.None && (credential != Credential.OwnKey || code != LicensingProblem.HostNotJoined));
            await ExpectAsync(who, routes, route => http.CallAsync(route, Path(route), Body(route)), _ => (code == LicensingProblem.HostNotJoined ? 403 : 401, code, null));
            await ExpectAsync(who, Administration, route => http.CallAsync(route, Path(route), Body(route)), _ => (404, LicensingProblem.NotFound, null));
        }

        await PassAsync(TimeSpan.FromDays(31));
        await ExpectAsync(
            "a host whose certificate is over", Hosts.Where(route => route.Says<CredentialMetadata>()!.Credential == Credential.Membership),
            route => _host.Http.CallAsync(route, Path(route), Body(route)), _ => (403, LicensingProblem.HostNotJoined, null));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_by_every_route()
    {
        await ExpectAsync(
            "64 KiB and one", Administration.Where(route => route.HasBody),
            route => _administrator.CallAsync(route, Path(route), new string(' ', (int)(route.Says<BodyLimitMetadata>()?.Bytes ?? Json.BodyLimit) + 1)), _ => (413, LicensingProblem.BodyTooLarge, null));
        await ExpectAsync(
            "16 KiB and one", Hosts.Where(route => route.HasBody),
            route => HostFor(route).CallAsync(route, Path(route), new string(' ', CredentialMetadata.BodyLimit + 1)), _ => (413, LicensingProblem.BodyTooLarge, null));
    }

    [Fact]
    public async Task What_is_not_right_in_a_body_is_named()
    {
        foreach (var (route, http, takes) in RoutesWithBodies())
        {
            foreach (var (member, body) in RouteCalls.Malformed(takes))
                await ExpectAsync(body, [route], _ => http.CallAsync(route, Path(route), body), _ => (400, LicensingProblem.InvalidField, member));
            foreach (var body in new[] { "", "null", "[]", "{", "{\"" + new string('x', 1000) + "\":1}x", "\0" })
                await ExpectAsync(body, [route], _ => http.CallAsync(route, Path(route), body), _ => (400, LicensingProblem.InvalidField, null), anyField: true);
            var before = Ledger;
            var empty = await http.CallAsync(route, Path(route), "{}");
            var expected = Samples[route.Name].Empty;
            Assert.True(empty.Status == expected && (expected == 200 || empty.Problem!.Field is not null), $"{route} with {{}}: {empty}");
            Assert.Equal(before, Ledger);
        }
    }

    [Fact]
    public async Task Members_of_every_odd_value_are_answered_and_where_they_are_not_right_named()
    {
        List<string> wrong = [];
        foreach (var (route, http, _) in RoutesWithBodies())
            foreach (var body in RouteCalls.Odd(Body(route)!))
            {
                var reply = await http.CallAsync(route, Path(route), body);
                if (reply.Status >= 500 || reply is { Status: 400, Problem.Field: null })
                    wrong.Add($"{route} with {body[..Math.Min(body.Length, 400)]}: {reply}");
            }

        Assert.Empty(wrong);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task What_is_not_right_in_a_query_is_named()
    {
        foreach (var (name, field, values) in new (string, string, string[])[]
        {
            ("GET /v1/user-cals", "search", [new string('x', 256)]),
            ("GET /v1/devices", "flagged", ["x", "%00", "none", "simultaneous-use,any"]),
            ("DELETE /v1/packs/{id}", "force", ["x", "1", "%00"]),
            ("DELETE /v1/hosts/{id}", "undoSince", ["x", "yesterday", "%00", "99999-01-01T00:00:00Z"]),
            ("GET /v1/revocations", "after", ["x", "-1", "%00", "99999999999999999999"]),
            ("GET /v1/revocations", "wait", ["x", "-1", "61"]),
        })
        {
            var route = Route.Of(_server.App).Single(route => route.Name == name);
            var http = route.Says<DoorMetadata>()!.Door == Door.Hosts ? HostFor(route) : _administrator;
            foreach (var value in values)
                await ExpectAsync(value, [route], _ => http.CallAsync(route, $"{Path(route)}?{field}={value}", null), _ => (400, LicensingProblem.InvalidField, field));
        }
    }

    [Fact]
    public async Task A_page_that_is_asked_for_wrongly_is_refused_by_every_list()
    {
        var lists = Administration.Where(route => route.Says<SpeechMetadata>()?.IsPaged == true).ToList();
        Assert.NotEmpty(lists);

        foreach (var limit in new[] { "0", "1001", "-1", "x", "99999999999999999999", "%00" })
            await ExpectAsync(limit, lists, route => _administrator.CallAsync(route, $"{route.Pattern}?limit={limit}", null), _ => (400, LicensingProblem.InvalidField, "limit"));
        foreach (var after in new[] { "-1", "1 OR 1=1", "99999999999999999999", "%00", new string('7', 2000) })
            // An account's name is what its list goes by: only what is too long for one cannot have been given out.
            await ExpectAsync(
                after, lists.Where(route => route.Pattern != "/v1/accounts" || after.Length > 64),
                route => _administrator.CallAsync(route, $"{route.Pattern}?after={Uri.EscapeDataString(after).Replace("%2500", "%00", StringComparison.Ordinal)}", null),
                _ => (400, LicensingProblem.InvalidField, "after"));
    }

    [Fact]
    public async Task What_is_asked_of_something_that_is_not_there_changes_nothing()
    {
        var routes = Administration.Where(route => route.Pattern.Contains('{', StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(routes);
        foreach (var (serial, name, id) in new[]
        {
            (new string('0', 32), "nobody", $"{Guid.NewGuid()}"),
            ("x", new string('x', 300), "x"),
            ("%00", "%00", "%00"),
            ("..%2F..", "'%20OR%201%3D1", "..%2F.."),
        })
        {
            // A group that is not there is made by its name.
            foreach (var route in routes.Where(route => name != "nobody" || route.Name != "PUT /v1/host-groups/{name}"))
            {
                var before = Ledger;
                var path = Named().Replace(route.Pattern, match => match.Value switch { "{serial}" => serial, "{name}" => name, "{id}" or "{device}" => id, _ => match.Value });
                Assert.DoesNotContain('{', path);
                var reply = await _administrator.CallAsync(route, path, Body(route));

                Assert.True(reply is { Status: 404 or 400, Problem: not null }, $"{route} of {serial}, {name}, {id}: {reply}");
                // What the body says is judged before anything is looked for.
                if (name == "nobody" && route.Says<IAcceptsMetadata>() is not null && Samples[route.Name].Empty == 400)
                {
                    var malformed = await _administrator.CallAsync(route, path, "{}");
                    Assert.True(malformed is { Status: 400, Problem.Field: not null }, $"{route} of {serial}, {name}, {id} with {{}}: {malformed}");
                }

                Assert.Equal(before, Ledger);
            }
        }

        Assert.Equal(200, (await _administrator.CallAsync(Administration.Single(route => route.Name == "GET /v1/status"), "v1/status", null)).Status);
    }

    [Fact]
    public async Task The_same_request_twice_does_what_it_says_once()
    {
        foreach (var route in Route.Of(_server.App))
        {
            var sample = Samples[route.Name];
            var isHosts = route.Says<DoorMetadata>()!.Door == Door.Hosts;
            var http = isHosts ? HostFor(route)
                // Signing out ends its own token only.
                : route.Pattern == "/v1/sign-out" ? _server.Remote(await SignInAsync("admin")) : _administrator;
            var body = Body(route);
            var path = Path(route);

            var first = await http.CallAsync(route, path, body);
            var between = Ledger;
            var second = await http.CallAsync(route, path, body);

            Assert.True((first.Status, second.Status) == (200, sample.Second), $"{route}: {first}, then {second}");
            Assert.True(Ledger != between == sample.DoesAgain, $"{route}: the second time {(sample.DoesAgain ? "did nothing" : "did something")}");
            // What a route has taken away, those behind it find again.
            if (route.Name == "DELETE /v1/accounts/{name}")
                await new AccountsClient(_server.AdministrationHttp).AddAsync(new("bob", AccountRole.Reader, Password), Cancellation);
        }

        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Out_of_order_nothing_is_granted()
    {
        await using var fresh = await RunningLicenseServer.StartAsync(_clearinghouse);
        var root = new AccountsClient(fresh.AdministrationHttp);

        // A pack before activation; a renewal, a question and a logon before joining; an account's role, password and end before its beginning.
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(fresh.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation)));
        var stranger = new LicenseServerClient(fresh.At(new TestHost(fresh).SelfMade()));
        Assert.Equal(LicensingProblem.HostNotJoined, await ProblemAsync(stranger.RenewAsync(Cancellation)));
        Assert.Equal(LicensingProblem.HostNotJoined, await ProblemAsync(stranger.RequestDeviceCalAsync(new TestDevice("EARLY").Request(), Cancellation)));
        Assert.Equal(LicensingProblem.HostNotJoined, await ProblemAsync(stranger.ValidateAsync(new(Guid.NewGuid(), new string('a', 32), "alice"), Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(root.SetRoleAsync("early", new(AccountRole.Administrator), Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(root.SetPasswordAsync("early", new(Password, null), Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(root.RemoveAsync("early", Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(root.RevokeTokenAsync(Guid.NewGuid(), Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(root.SignOutAsync(Cancellation)));
        var host = await fresh.JoinAsync();
        Assert.False((await host.Client.ValidateAsync(new(Guid.NewGuid(), new string('a', 32), "alice"), Cancellation)).Validated);
        await using var db = fresh.Ledger.Database.OpenReader();
        Assert.Equal((0, 0, 0, 0), (await db.Packs.CountAsync(Cancellation), await db.Licenses.CountAsync(Cancellation), await db.Accounts.CountAsync(Cancellation), await db.Tokens.CountAsync(Cancellation)));
    }

    private HttpClient? _joining;

    private HttpClient Joining => _joining ??= _server.At(new TestHost(_server).SelfMade());

    private async Task<string> SignInAsync(string name) => (await new AccountsClient(_server.Remote(null)).SignInAsync(new(name, Password), Cancellation)).Token;

    private HttpClient WithCertificate(X509Certificate2 certificate) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
#pragma warning disable CA5359 // Whom the test talks to is not in question.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        },
        UseProxy = false,
    })
    {
        BaseAddress = _server.AdministrationAddress,
    };

    private IEnumerable<(Route Route, HttpClient Http, Type Takes)> RoutesWithBodies()
        => Administration.Where(route => route.Says<IAcceptsMetadata>() is not null).Select(route => (route, _administrator, route.Says<IAcceptsMetadata>()!.RequestType!))
            .Concat(Hosts.Where(route => Samples[route.Name].Takes is not null)
                .Select(route => (route, HostFor(route), Samples[route.Name].Takes!)));

    // Who asks with success at the hosts' door.
    private HttpClient HostFor(Route route) => route.Says<CredentialMetadata>()!.Credential == Credential.OwnKey ? Joining : (route.Pattern == "/v1/user-cals" ? _perUserHost : _host).Http;

    private string Path(Route route) => Fill(Named().Replace(route.Pattern, _ => Samples[route.Name].Of));

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Named();

    private Task<Guid> InstallAsync(CalType type) => _server.InstallAsync(5, type);

    private async Task<string> LogOnAsync(string account)
        => (await _perUserHost.Client.RequestUserCalAsync(new(Guid.NewGuid(), new(account, "", null), AskingPass.Any), Cancellation)).Granted!.Serial;

    private string? Body(Route route) => Samples[route.Name].Body is { } body ? Fill(body) : null;

    private string Fill(string text) => _names.Aggregate(text, (filled, name) => filled.Replace(name.Key, name.Value, StringComparison.Ordinal));

    // What goes with time is gone before anything is compared.
    private async Task PassAsync(TimeSpan time)
    {
        _server.Time.Advance(time);
        await Sweep.PassAsync(_server.Ledger, Cancellation);
    }

    // Each is answered as expected, the ledger stays as it was, and the server answers the next good request.
    private async Task ExpectAsync(
        string who, IEnumerable<Route> routes, Func<Route, Task<Reply>> call, Func<Route, (int Status, LicensingProblem Code, string? Field)> expected, bool anyField = false)
    {
        var before = Ledger;
        List<string> wrong = [];
        var count = 0;
        foreach (var route in routes)
        {
            count++;
            var reply = await call(route);
            var (status, code, field) = expected(route);
            if (reply.Status != status || reply.Problem?.Code != code || (!anyField && reply.Problem.Field != field))
                wrong.Add($"{route} for {who}: {reply}, not {status} {KebabCase.Of(code)} ({field ?? "no field"})");
        }

        Assert.NotEqual(0, count);
        Assert.Empty(wrong);
        Assert.Equal(before, Ledger);
        await _server.Administration.StatusAsync(Cancellation);
    }

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
