using System.Security.Cryptography;
using System.Text.Json;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Telephone;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Routes;

/// <summary>
/// Each route of a clearinghouse and of its signer, as the running programs list them. Their sockets are for their owner only, which is the credential;
/// at the public door a request proves in its body what it is entitled to. Nothing is granted, nothing stops, errors name the field.
/// </summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class ClearinghouseRoutesTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;
    private TestLicenseServer _server = null!;
    private TestLicenseServer _revoked = null!;
    private TestLicenseServer _deactivated = null!;
    private Guid _revokedPack;
    private Guid _transferredPack;
    private string _key = null!;
    private byte[] _draw = null!;
    private long _drawn;
    private readonly TestLicenseServer _next = new();
    private TestLicenseServer _movedFrom = null!;
    private Guid _movedPack;
    private TestLicenseServer _followed = null!;
    private TestLicenseServer _stolen = null!;
    private TestLicenseServer _inPlace = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    // Accounts are the license server's parts, and tested there.
    private IReadOnlyList<Route> Routes
        => [.. Route.Of(_publisher.ClearinghouseApp).Where(route => route.Pattern.Split('/')[2] is not ("accounts" or "tokens" or "caller" or "sign-in" or "sign-out"))];

    private string Database => RouteCalls.Snapshot(_publisher.Database, _publisher.DatabaseFile);

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _server = await _publisher.NewLicenseServerAsync();
        _key = await _publisher.MintAsync();
        await _publisher.Administration.AddAgreementAsync(new("select", ["1234567"], "Engines Ltd", null, false, [new(CalType.Device, new(2022), 20_000)], [_server.Id.Text]), Cancellation);
        _draw = Statement.Sign(
            new DrawRequest("select", ["1234567"], CalType.Device, new(2022), 1, RandomNumberGenerator.GetBytes(DrawRequest.NonceLength), _publisher.Time.GetUtcNow()).Encode(), _server.Key);
        await _server.DrawAsync(
            _publisher, new("select", ["1234567"], CalType.Device, new(2022), 1, RandomNumberGenerator.GetBytes(DrawRequest.NonceLength), _publisher.Time.GetUtcNow()));
        _drawn = (await _publisher.Administration.DrawsAsync(1, null, 1, Cancellation)).Items[0].Number;
        _revoked = await _publisher.NewLicenseServerAsync();
        // The first revocation is the one that is lifted.
        using (var lifted = await _publisher.NewLicenseServerAsync())
            await _publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(lifted.Id.Text, ClearinghouseRevocationReason.Lost), Cancellation);
        _movedFrom = await _publisher.NewLicenseServerAsync();
        Assert.True(Statement.TryReadUnverified((await _movedFrom.RedeemAsync(_publisher, await _publisher.MintAsync())).KeyPack, out var moved));
        _movedPack = KeyPackStatement.Decode(moved).PackId;
        _followed = await _publisher.NewLicenseServerAsync();
        _stolen = await _publisher.NewLicenseServerAsync();
        _inPlace = await _publisher.NewLicenseServerAsync();
        _deactivated = await _publisher.NewLicenseServerAsync();
        Assert.True(Statement.TryReadUnverified((await _server.RedeemAsync(_publisher, await _publisher.MintAsync())).KeyPack, out var pack));
        _revokedPack = KeyPackStatement.Decode(pack).PackId;
        Assert.True(Statement.TryReadUnverified((await _revoked.RedeemAsync(_publisher, await _publisher.MintAsync())).KeyPack, out var other));
        _transferredPack = KeyPackStatement.Decode(other).PackId;
    }

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        _revoked.Dispose();
        _movedFrom.Dispose();
        _next.Dispose();
        _followed.Dispose();
        _stolen.Dispose();
        _inPlace.Dispose();
        _deactivated.Dispose();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public void Every_route_has_a_good_request_here()
        => Assert.Equal(Samples().Keys.Order(StringComparer.Ordinal), Routes.Select(route => route.Name).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Through_the_wrong_door_nothing_is_granted_and_the_sockets_open_for_their_owner_only()
    {
        var before = Database;
        foreach (var route in Routes)
        {
            var other = route.Says<DoorMetadata>()!.Door == Door.Public ? _publisher.AdministrationHttp : _publisher.Http;
            var reply = await other.CallAsync(route, PathOf(route), Samples()[route.Name].Body);
            Assert.True(reply is { Status: 404, Problem.Code: LicensingProblem.NotFound }, $"{route}: {reply}");
        }

        Assert.Equal(before, Database);
        Assert.Equal(("600", "600"), (TestPublisher.ModeOf(_publisher.Options().AdministrationSocket), TestPublisher.ModeOf(_publisher.SignerOptions.Socket)));
        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_by_every_route_that_reads_one()
    {
        foreach (var (route, http) in Routes.Where(route => route.HasBody).Select(route => (route, At(route))).Concat(SignerRoutes()))
        {
            var reply = await http.CallAsync(route, PathOf(route), new string(' ', Json.BodyLimit + 1));
            Assert.True(reply is { Status: 413, Problem.Code: LicensingProblem.BodyTooLarge }, $"{route}: {reply}");
        }

        await StillAnswersAsync();
    }

    [Fact]
    public async Task What_is_not_right_in_a_body_is_named_and_nothing_is_granted()
    {
        var before = Database;
        foreach (var route in Routes.Where(route => route.HasBody))
        {
            foreach (var (member, body) in RouteCalls.Malformed(Samples()[route.Name].Type!))
            {
                var reply = await At(route).CallAsync(route, PathOf(route), body);
                Assert.True(reply is { Status: 400, Problem.Code: LicensingProblem.InvalidField } && reply.Problem.Field == member, $"{route} with {body}: {reply}");
            }

            var empty = await At(route).CallAsync(route, PathOf(route), "{}");
            Assert.True(empty is { Status: 400, Problem.Field: not null }, $"{route} with {{}}: {empty}");
        }

        foreach (var body in new[] { "", "null", "[]", "{", "\0" })
        {
            foreach (var route in Routes.Where(route => route.HasBody))
            {
                var reply = await At(route).CallAsync(route, PathOf(route), body);
                Assert.True(reply is { Status: 400, Problem.Code: LicensingProblem.InvalidField }, $"{route} with {body}: {reply}");
            }

            // A signer takes what it is to sign, in bytes; what is nothing that it signs is not allowed.
            foreach (var (route, http) in SignerRoutes())
            {
                var reply = await http.CallAsync(route, PathOf(route), body);
                Assert.True(reply is { Status: 400 or 403, Problem.Code: LicensingProblem.InvalidField or LicensingProblem.NotAllowed }, $"{route} with {body}: {reply}");
            }
        }

        Assert.Equal(before, Database);
        await StillAnswersAsync();
    }

    [Fact]
    public async Task Members_of_every_odd_value_are_answered_and_where_they_are_not_right_named()
    {
        foreach (var route in Routes.Where(route => route.HasBody))
            foreach (var body in RouteCalls.Odd(Samples()[route.Name].Body!))
            {
                var reply = await At(route).CallAsync(route, PathOf(route), body);
                Assert.True(reply.Status < 500 && reply is not { Status: 400, Problem.Field: null }, $"{route} with {body[..Math.Min(body.Length, 400)]}: {reply}");
            }

        await StillAnswersAsync();
    }

    [Fact]
    public async Task The_same_request_twice_is_answered_alike_and_only_minting_and_extending_do_it_again()
    {
        foreach (var route in Routes)
        {
            var body = Samples()[route.Name].Body;

            var first = await At(route).CallAsync(route, PathOf(route), body);
            var between = Database;
            var second = await At(route).CallAsync(route, PathOf(route), body);

            // There is an agreement with these numbers by then.
            var again = route.Name == "POST /v1/agreements" ? 409 : 200;
            Assert.True((first.Status, second.Status) == (200, again), $"{route}: {first}, then {second}");
            Assert.True(Database != between == (route.Name is "POST /v1/product-keys" or "POST /v1/grace-extensions" or "PUT /v1/agreements/{id}"), $"{route}: the second time");
        }
    }

    [Fact]
    public async Task Out_of_order_and_for_others_nothing_is_granted()
    {
        using var early = new TestLicenseServer();
        using var later = await _publisher.NewLicenseServerAsync();
        await using var elsewhere = await TestPublisher.StartAsync();
        using var foreign = await elsewhere.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        early.Certificate = later.Certificate;
        var before = Database;

        // A key pack before activation, with another's certificate; for a license server of another publisher; of a key that nobody minted.
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(early.RedeemAsync(_publisher, key)));
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(foreign.RedeemAsync(_publisher, key)));
        Assert.Equal(LicensingProblem.ProductKeyUnknown, await ProblemAsync(later.RedeemAsync(_publisher, "00000-00000-00000-00000-00000")));
        Assert.Equal(before, Database);

        // Once it is another's, it stays so.
        await _server.RedeemAsync(_publisher, key);
        before = Database;
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(later.RedeemAsync(_publisher, key)));
        Assert.Equal(before, Database);
        early.Certificate = null!;
    }

    [Fact]
    public async Task A_page_that_is_asked_for_wrongly_is_refused()
    {
        var list = Routes.Single(route => route.Name == "GET /v1/product-keys");
        foreach (var (query, field) in new[] { ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("after=x", "after"), ("after=-1", "after"), ("after=%00", "after") })
        {
            var reply = await _publisher.AdministrationHttp.CallAsync(list, $"{list.Pattern}?{query}", null);
            Assert.True(reply is { Status: 400, Problem.Code: LicensingProblem.InvalidField } && reply.Problem.Field == field, $"{query}: {reply}");
        }
    }

    private Dictionary<string, (string? Body, Type? Type)> Samples() => new()
    {
        ["GET /v1/root"] = (null, null),
        ["GET /v1/issuing"] = (null, null),
        ["GET /openapi/public-v1.json"] = (null, null),
        ["GET /openapi/v1.json"] = (null, null),
        ["GET /v1/audit"] = (null, null),
        ["GET /v1/audit/verification"] = (null, null),
        ["POST /v1/audit/verification"] = ("""{"heads":[],"positions":[]}""", typeof(VerifyAuditRequest)),
        ["GET /v1/audit-head"] = (null, null),
        ["POST /v1/activations"] = (JsonSerializer.Serialize(_server.NewActivation(), ContractsJson.Default.ActivateRequest), typeof(ActivateRequest)),
        ["POST /v1/reactivations"] = (JsonSerializer.Serialize(_server.NewReactivation(), ContractsJson.Default.ReactivateRequest), typeof(ReactivateRequest)),
        ["POST /v1/deactivations"] = (JsonSerializer.Serialize(_deactivated.NewDeactivation(), ContractsJson.Default.DeactivateRequest), typeof(DeactivateRequest)),
        ["POST /v1/product-keys/check"] = ($$"""{"productKey":"{{_key}}"}""", typeof(CheckProductKeyRequest)),
        ["POST /v1/key-packs"] = (JsonSerializer.Serialize(_server.NewRedemption(_publisher, _key), ContractsJson.Default.RedeemRequest), typeof(RedeemRequest)),
        ["POST /v1/time"] = ("""{"nonce":"AAECAwQFBgcICQoLDA0ODw=="}""", typeof(TimeRequest)),
        ["GET /v1/status"] = (null, null),
        ["POST /v1/product-keys"] = ("""{"type":"device","version":2022,"quantity":5,"count":1,"program":"retail"}""", typeof(MintRequest)),
        ["GET /v1/product-keys"] = (null, null),
        ["POST /v1/product-keys/find"] = ($$"""{"productKey":"{{_key}}"}""", typeof(FindProductKeyRequest)),
        ["POST /v1/telephone/activations"] = (
            JsonSerializer.Serialize(new(SpokenForm.ActivationRequest.Write(_server.Request.Encode()), TestPublisher.Company), ContractsJson.Default.TelephoneActivationRequest),
            typeof(TelephoneActivationRequest)),
        ["POST /v1/telephone/key-packs"] = ($$"""{"licenseServerId":"{{_server.Id}}","productKey":"{{_key}}"}""", typeof(TelephoneRedemptionRequest)),
        ["POST /v1/draws"] = (JsonSerializer.Serialize(new DrawCalsRequest(_draw, _server.Certificate.ExportCertificatePem()), ContractsJson.Default.DrawCalsRequest), typeof(DrawCalsRequest)),
        ["POST /v1/telephone/draws"] = (
            JsonSerializer.Serialize(
                new TelephoneDrawRequest(_server.Id.Text, "select", ["1234567"], CalType.Device, new(2022), 1, new byte[DrawRequest.NonceLength]), ContractsJson.Default.TelephoneDrawRequest),
            typeof(TelephoneDrawRequest)),
        ["POST /v1/agreements"] = (
            JsonSerializer.Serialize(
                new AddAgreementRequest("campus", ["7654321"], "Example College", _publisher.Time.GetUtcNow().Date.AddDays(100), true, [new(CalType.User, new(2022), 10)], [_server.Id.Text]),
                ContractsJson.Default.AddAgreementRequest),
            typeof(AddAgreementRequest)),
        ["GET /v1/license-servers"] = (null, null),
        ["GET /v1/license-servers/{id}/export"] = (null, null),
        ["PUT /v1/license-servers/{id}/company"] = ("""{"company":{"firstName":"Grace","lastName":"Hopper","company":"Engines Ltd","country":"US"}}""", typeof(ChangeCompanyRequest)),
        ["DELETE /v1/license-servers/{id}/company"] = (null, null),
        ["GET /v1/agreements"] = (null, null),
        ["GET /v1/agreements/{id}"] = (null, null),
        ["PUT /v1/agreements/{id}"] = ("""{"limits":[{"type":"device","version":2022,"quantity":20000}]}""", typeof(ChangeAgreementRequest)),
        ["GET /v1/trust"] = (null, null),
        ["GET /v1/trust/documents"] = (null, null),
        ["POST /v1/replacements"] = (JsonSerializer.Serialize(_server.NewReplacement(), ContractsJson.Default.ReplacementRequest), typeof(ReplacementRequest)),
        ["POST /v1/revocations/license-servers"] = ($$"""{"licenseServerId":"{{_revoked.Id}}","reason":"lost"}""", typeof(RevokeLicenseServerRequest)),
        ["POST /v1/revocations/key-packs"] = ($$"""{"packId":"{{_revokedPack}}","reason":"refunded"}""", typeof(RevokeKeyPackRequest)),
        ["GET /v1/revocations"] = (null, null),
        ["POST /v1/revocations/{id}/lift"] = ("""{"reason":"it was found again"}""", typeof(LiftRevocationRequest)),
        ["GET /v1/agreements/{id}/draws"] = (null, null),
        ["POST /v1/draws/release"] = ($$"""{"number":{{_drawn}}}""", typeof(ReleaseDrawRequest)),
        ["POST /v1/key-packs/transfers"] = (JsonSerializer.Serialize(_server.NewMove(_movedFrom, _movedPack, _publisher.Time.GetUtcNow()), ContractsJson.Default.MovePacksRequest), typeof(MovePacksRequest)),
        ["POST /v1/key-packs/transfers/undo"] = (JsonSerializer.Serialize(_server.NewUndo(Guid.NewGuid(), _publisher.Time.GetUtcNow()), ContractsJson.Default.UndoTransferRequest), typeof(UndoTransferRequest)),
        ["POST /v1/successions"] = (JsonSerializer.Serialize(_next.NewSuccession(_followed, _publisher.Time.GetUtcNow()), ContractsJson.Default.SucceedRequest), typeof(SucceedRequest)),
        ["POST /v1/license-servers/{id}/succession"] = ($$"""{"to":"{{_inPlace.Id}}","cause":"stolen"}""", typeof(SucceedServerRequest)),
        ["POST /v1/transfers"] = ($$"""{"packId":"{{_transferredPack}}","to":"{{_server.Id}}"}""", typeof(TransferRequest)),
        ["POST /v1/grace-extensions"] = ("""{"machineId":"0123456789abcdef0123456789abcdef","days":10}""", typeof(ExtendGraceRequest)),
    };

    private string PathOf(Route route) => route.Pattern.EndsWith("/succession", StringComparison.Ordinal) ? route.Pattern.Replace("{id}", _stolen.Id.Text, StringComparison.Ordinal)
        : route.Pattern.Replace("{id}", route.Pattern.StartsWith("/v1/license-servers", StringComparison.Ordinal) ? _server.Id.Text : "1", StringComparison.Ordinal);

    private HttpClient At(Route route) => route.Says<DoorMetadata>()!.Door == Door.Public ? _publisher.Http : _publisher.AdministrationHttp;

    private IEnumerable<(Route Route, HttpClient Http)> SignerRoutes() => Route.Of(_publisher.SignerApp).Where(route => route.HasBody).Select(route => (route, _publisher.SignerHttp));

    private async Task StillAnswersAsync() => Assert.True((await _publisher.Administration.StatusAsync(Cancellation)).SignerReachable);

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
