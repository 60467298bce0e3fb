using System.Net;
using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.Doors.Accounts;
using Ostiary.LicenseServer;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Accounts and tokens: who may administer a license server from elsewhere, and what they cannot do.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class AccountTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private const string Wrong = "incorrect horse battery";

    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private AccountsClient Root => new(_server.AdministrationHttp);

    public async ValueTask InitializeAsync() => _server = await RunningLicenseServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_account_signs_in_from_elsewhere_and_what_it_does_stands_under_its_name()
    {
        await Root.AddAsync(new("Alice", AccountRole.Operator, Password), Cancellation);

        var signedIn = await SignInAsync("ALICE");
        await new LicenseServerAdministrationClient(_server.Remote(signedIn.Token)).InviteAsync(new(null, default, 1), Cancellation);
        var token = await new AccountsClient(_server.Remote(signedIn.Token)).CreateTokenAsync(new("backup", AccountRole.Reader, 1), Cancellation);
        var caller = await new AccountsClient(_server.Remote(token.Token)).CallerAsync(Cancellation);

        Assert.Equal(("alice", AccountRole.Operator, TestLedger.Begin.AddHours(8)), (signedIn.Name, signedIn.Role, signedIn.ExpiresAt));
        Assert.Equal(new CallerRecord("alice/backup", AccountRole.Reader, token.Record.Id, TestLedger.Begin.AddDays(1)), caller);
        var audit = (await _server.Administration.AuditAsync(null, 100, Cancellation)).Items;
        Assert.Equal(["alice token-created", "alice host-invited", "alice token-created", "root account-added"], audit.Select(entry => $"{entry.By} {entry.Kind}"));
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task What_a_host_asks_for_stands_under_nobodys_name_and_an_erased_name_is_none()
    {
        await _server.JoinAsync();
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);

        Assert.Equal(["root", "", "root"], (await _server.Administration.AuditAsync(null, 100, Cancellation)).Items.Select(entry => entry.By));
        await _server.Ledger.WorkAsync(batch => batch.Db.AuditDetails.Where(detail => detail.By == "root").ExecuteDelete(), Cancellation);
        Assert.Equal([null, "", null], (await _server.Administration.AuditAsync(null, 100, Cancellation)).Items.Select(entry => entry.By));
    }

    [Fact]
    public async Task A_sign_in_ends_after_eight_hours_or_when_it_is_signed_out()
    {
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);
        var first = _server.Remote((await SignInAsync("alice")).Token);
        var second = _server.Remote((await SignInAsync("alice")).Token);

        await new AccountsClient(first).SignOutAsync(Cancellation);
        await AssertRefusedAsync(LicensingProblem.NotAuthenticated, first);
        await new AccountsClient(second).CallerAsync(Cancellation);
        _server.Time.Advance(TimeSpan.FromHours(8));

        await AssertRefusedAsync(LicensingProblem.NotAuthenticated, second);
    }

    [Fact]
    public async Task Revoking_demoting_and_removing_take_effect_on_the_connection_that_is_open()
    {
        await Root.AddAsync(new("alice", AccountRole.Administrator, Password), Cancellation);
        var signedIn = _server.Remote((await SignInAsync("alice")).Token);
        var made = await new AccountsClient(signedIn).CreateTokenAsync(new("program", AccountRole.Administrator, 365), Cancellation);
        var program = _server.Remote(made.Token);
        await new AccountsClient(program).AccountsAsync(null, 10, Cancellation);

        await Root.SetRoleAsync("alice", new(AccountRole.Reader), Cancellation);
        Assert.Equal(AccountRole.Reader, (await new AccountsClient(program).CallerAsync(Cancellation)).Role);
        await AssertRefusedAsync(LicensingProblem.NotAllowed, program, "v1/accounts");
        await new AccountsClient(signedIn).RevokeTokenAsync(made.Record.Id, Cancellation);
        await AssertRefusedAsync(LicensingProblem.NotAuthenticated, program);
        await Root.RemoveAsync("alice", Cancellation);

        await AssertRefusedAsync(LicensingProblem.NotAuthenticated, signedIn);
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync("alice"));
        Assert.All((await Root.TokensAsync(null, 10, Cancellation)).Items, token => Assert.NotNull(token.RevokedAt));
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task After_five_wrong_passwords_the_right_one_is_not_taken_for_fifteen_minutes()
    {
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);
        for (var attempt = 0; attempt < SignInFailure.Most; attempt++)
            await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync("alice", Wrong));

        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync("alice"));
        Assert.Equal(TestLedger.Begin.AddMinutes(15), Assert.Single((await Root.AccountsAsync(null, 10, Cancellation)).Items).LockedUntil);
        _server.Time.Advance(TimeSpan.FromMinutes(15));
        await SignInAsync("alice");

        Assert.Null(Assert.Single((await Root.AccountsAsync(null, 10, Cancellation)).Items).LockedUntil);
    }

    [Fact]
    public async Task Many_attempts_at_once_are_counted_one_by_one()
    {
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);

        var wrong = Enumerable.Range(0, 8).Select(_ => AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync("alice", Wrong)));
        await Task.WhenAll(wrong);

        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync("alice"));
    }

    [Fact]
    public async Task An_account_that_is_there_and_one_that_is_not_are_answered_alike_and_both_are_locked()
    {
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);
        for (var attempt = 0; attempt <= SignInFailure.Most; attempt++)
        {
            var there = await Assert.ThrowsAsync<ProblemException>(() => SignInAsync("alice", Wrong));
            var nobody = await Assert.ThrowsAsync<ProblemException>(() => SignInAsync("nobody", Wrong));

            Assert.Equal((there.Problem, there.Message, there.Field), (nobody.Problem, nobody.Message, nobody.Field));
        }

        Assert.Equal(2, await CountAsync(db => db.SignInFailures.Count(row => row.Count == SignInFailure.Most)));
        _server.Time.Advance(TimeSpan.FromMinutes(16));
        await Sweep.PassAsync(_server.Ledger, Cancellation);
        Assert.Equal(0, await CountAsync(db => db.SignInFailures.Count()));
    }

    [Fact]
    public async Task Sign_ins_from_one_address_are_limited()
    {
        await using var role = LicenseServerRole.Build(
            new() { StateDirectory = Path.Combine(_server.Directory, "limited"), Listen = "127.0.0.1:0", AdministrationListen = "127.0.0.1:0", SignInsPerMinute = 2 },
            _server.Time, logging => logging.SetMinimumLevel(LogLevel.None));
        await role.StartAsync(Cancellation);
        using var http = PinnedServer.Connect(
            LicenseServerRole.AdministrationAddressOf(role), Contracts.Certificates.KeyFingerprint.TryParse(await FingerprintAsync(), out var pinned) ? pinned : throw new InvalidOperationException(),
            null, TimeSpan.FromSeconds(30), _server.Time);

        Task<SignInResponse> TryAsync() => new AccountsClient(http).SignInAsync(new("alice", Wrong), Cancellation);
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, TryAsync());
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, TryAsync());
        await AssertProblemAsync(LicensingProblem.TooManyAttempts, null, TryAsync());
        _server.Time.Advance(TimeSpan.FromSeconds(60));
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, TryAsync());

        async Task<string> FingerprintAsync()
        {
            using var local = ApiClient.OverUnixSocket(Path.Combine(_server.Directory, "limited", "admin.sock"), TimeSpan.FromSeconds(30));
            return (await new LicenseServerAdministrationClient(local).StatusAsync(Cancellation)).KeyFingerprint;
        }
    }

    [Fact]
    public async Task The_last_administrator_is_neither_removed_nor_demoted_but_by_the_local_root()
    {
        await Root.AddAsync(new("alice", AccountRole.Administrator, Password), Cancellation);
        await Root.AddAsync(new("bob", AccountRole.Operator, Password), Cancellation);
        var alice = new AccountsClient(_server.Remote((await SignInAsync("alice")).Token));

        await AssertProblemAsync(LicensingProblem.LastAdministrator, null, alice.RemoveAsync("alice", Cancellation));
        await AssertProblemAsync(LicensingProblem.LastAdministrator, null, alice.SetRoleAsync("alice", new(AccountRole.Operator), Cancellation));
        await alice.SetRoleAsync("bob", new(AccountRole.Administrator), Cancellation);
        await alice.RemoveAsync("alice", Cancellation);
        await Root.RemoveAsync("bob", Cancellation);

        Assert.Empty((await Root.AccountsAsync(null, 10, Cancellation)).Items);
    }

    [Fact]
    public async Task A_token_is_within_its_limits_and_its_owners()
    {
        await Root.AddAsync(new("alice", AccountRole.Operator, Password), Cancellation);
        await Root.AddAsync(new("bob", AccountRole.Operator, Password), Cancellation);
        var alice = new AccountsClient(_server.Remote((await SignInAsync("alice")).Token));
        var bob = new AccountsClient(_server.Remote((await SignInAsync("bob")).Token));
        var made = await alice.CreateTokenAsync(new("program", AccountRole.Operator, 365), Cancellation);

        await AssertProblemAsync(LicensingProblem.InvalidField, "days", alice.CreateTokenAsync(new("x", AccountRole.Reader, 0), Cancellation));
        await AssertProblemAsync(LicensingProblem.InvalidField, "days", alice.CreateTokenAsync(new("x", AccountRole.Reader, 366), Cancellation));
        await AssertProblemAsync(LicensingProblem.InvalidField, "role", alice.CreateTokenAsync(new("x", null, 1), Cancellation));
        await AssertProblemAsync(LicensingProblem.InvalidField, "name", alice.CreateTokenAsync(new("a/b", AccountRole.Reader, 1), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotAllowed, null, alice.CreateTokenAsync(new("x", AccountRole.Administrator, 1), Cancellation));
        await AssertProblemAsync(LicensingProblem.AlreadyExists, "name", alice.CreateTokenAsync(new("program", AccountRole.Reader, 1), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotAllowed, null, new AccountsClient(_server.Remote(made.Token)).CreateTokenAsync(new("x", AccountRole.Reader, 1), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotFound, "id", bob.RevokeTokenAsync(made.Record.Id, Cancellation));

        Assert.DoesNotContain((await bob.TokensAsync(null, 100, Cancellation)).Items, token => token.Owner != "bob");
        Assert.Equal(3, (await Root.TokensAsync(null, 100, Cancellation)).Items.Count);
        Assert.Equal(TestLedger.Begin, (await alice.TokensAsync(null, 100, Cancellation)).Items.Single(token => token.Kind == TokenKind.Api).LastUsedAt);
        _server.Time.Advance(TimeSpan.FromDays(365));
        await AssertRefusedAsync(LicensingProblem.NotAuthenticated, _server.Remote(made.Token));
    }

    [Fact]
    public async Task Tokens_and_accounts_are_listed_page_by_page()
    {
        for (var index = 0; index < 5; index++)
        {
            await Root.AddAsync(new($"account{index}", AccountRole.Reader, Password), Cancellation);
            await Root.CreateTokenAsync(new($"token{index}", AccountRole.Reader, 1), Cancellation);
        }

        Assert.Equal(Enumerable.Range(0, 5).Select(index => $"account{index}"), (await AllAsync(Root.AccountsAsync)).Select(account => account.Name));
        Assert.Equal(Enumerable.Range(0, 5).Select(index => $"token{index}").Order(), (await AllAsync(Root.TokensAsync)).Select(token => token.Name).Order());
        Assert.Equal(10, (await AllAsync(_server.Administration.AuditAsync)).Select(entry => entry.Number).Distinct().Count());

        static async Task<List<T>> AllAsync<T>(Func<string?, int, CancellationToken, Task<Page<T>>> list)
        {
            List<T> all = [];
            string? after = null;
            do
            {
                var page = await list(after, 2, Cancellation);
                Assert.InRange(page.Items.Count, 1, 2);
                all.AddRange(page.Items);
                after = page.Next;
            }
            while (after is not null);
            return all;
        }
    }

    [Theory]
    [InlineData("", Password, "name")]
    [InlineData("root", Password, "name")]
    [InlineData("al ice", Password, "name")]
    [InlineData("alice", "", "password")]
    [InlineData("alice", "eleven char", "password")]
    [InlineData("alice", "Alice in the wonderland", "password")]
    [InlineData("alice", "abababababababab", "password")]
    public async Task A_name_or_a_password_that_is_not_right_is_named(string name, string password, string field)
        => await AssertProblemAsync(LicensingProblem.InvalidField, field, Root.AddAsync(new(name, AccountRole.Reader, password), Cancellation));

    [Fact]
    public async Task A_name_and_a_password_over_their_limits_are_named_with_the_limit()
    {
        var name = await Assert.ThrowsAsync<ProblemException>(() => Root.AddAsync(new(new string('a', 65), AccountRole.Reader, Password), Cancellation));
        var password = await Assert.ThrowsAsync<ProblemException>(() => Root.AddAsync(new("alice", AccountRole.Reader, string.Concat(Enumerable.Repeat("abcdefg", 19))), Cancellation));
        var twice = await Assert.ThrowsAsync<ProblemException>(async () =>
        {
            await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);
            await Root.AddAsync(new("ALICE", AccountRole.Reader, Password), Cancellation);
        });

        Assert.Equal("name has 65 characters; at most 64 are taken", name.Message);
        Assert.Equal("password has 133 characters; 12 to 128 are taken", password.Message);
        Assert.Equal((LicensingProblem.AlreadyExists, "name"), (twice.Problem, twice.Field));
    }

    [Fact]
    public async Task Ones_own_password_is_changed_with_the_old_one_and_ends_the_other_sign_ins()
    {
        const string next = "another horse, another battery";
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);
        await Root.AddAsync(new("bob", AccountRole.Reader, Password), Cancellation);
        var other = _server.Remote((await SignInAsync("alice")).Token);
        var here = new AccountsClient(_server.Remote((await SignInAsync("alice")).Token));
        var program = _server.Remote((await here.CreateTokenAsync(new("program", AccountRole.Reader, 1), Cancellation)).Token);

        await AssertProblemAsync(LicensingProblem.InvalidField, "current", here.SetPasswordAsync("alice", new(next, null), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, here.SetPasswordAsync("alice", new(next, Wrong), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotAllowed, null, here.SetPasswordAsync("bob", new(next, Password), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotAllowed, null, here.SetPasswordAsync("nobody", new(next, Password), Cancellation));
        await AssertProblemAsync(LicensingProblem.NotAllowed, null, new AccountsClient(program).SetPasswordAsync("alice", new(next, Password), Cancellation));
        await here.SetPasswordAsync("alice", new(next, Password), Cancellation);

        await AssertRefusedAsync(LicensingProblem.NotAuthenticated, other);
        await here.CallerAsync(Cancellation);
        await new AccountsClient(program).CallerAsync(Cancellation);
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync("alice"));
        await SignInAsync("alice", next);
    }

    [Fact]
    public async Task Neither_passwords_nor_tokens_are_in_the_ledger_or_the_log()
    {
        await Root.AddAsync(new("alice", AccountRole.Administrator, Password), Cancellation);
        var signedIn = await SignInAsync("alice");
        var made = await new AccountsClient(_server.Remote(signedIn.Token)).CreateTokenAsync(new("program", AccountRole.Reader, 1), Cancellation);
        await new AccountsClient(_server.Remote(made.Token)).CallerAsync(Cancellation);
        await AssertProblemAsync(LicensingProblem.NotAuthenticated, null, SignInAsync(Wrong, Wrong));

        var files = TestDatabases.Contents(_server.Database, Path.Combine(_server.Directory, "state"), "ledger.db*");
        foreach (var secret in new[] { Password, Wrong, signedIn.Token, made.Token })
        {
            Assert.All(files, file => Assert.Equal(-1, file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret))));
            Assert.DoesNotContain(_server.Lines.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }

        // The search finds what is there.
        Assert.Contains(files, file => file.AsSpan().IndexOf("program"u8) >= 0);
    }

    [Theory]
    [InlineData("UPDATE accounts SET role = 2", "accounts")]
    [InlineData("UPDATE accounts SET password_hash = 'x'", "accounts")]
    [InlineData("DELETE FROM accounts", "accounts")]
    [InlineData("UPDATE tokens SET expires_at = expires_at + 86400", "tokens")]
    [InlineData("UPDATE tokens SET hash = zeroblob(32)", "tokens")]
    [InlineData("DELETE FROM tokens", "tokens")]
    [InlineData("UPDATE audit_details SET \"by\" = 'mallory' WHERE number = 1", "audit_details")]
    public async Task An_account_a_token_or_an_author_that_was_edited_is_named(string sql, string table)
    {
        await Root.AddAsync(new("alice", AccountRole.Reader, Password), Cancellation);
        await Root.CreateTokenAsync(new("program", AccountRole.Reader, 1), Cancellation);
        Assert.NotEqual(0, TestDatabases.Query(_server.Database, Path.Combine(_server.Directory, "state", "ledger.db"), sql, command => command.ExecuteNonQuery()));

        var verification = await _server.Administration.VerifyAuditAsync(Cancellation);

        Assert.Equal(table, Assert.Single(verification.Faults).Table);
    }

    [Fact]
    public async Task Tokens_go_thirty_days_after_their_end_and_the_audit_stays_sound()
    {
        await Root.CreateTokenAsync(new("short", AccountRole.Reader, 1), Cancellation);
        await Root.CreateTokenAsync(new("long", AccountRole.Reader, 100), Cancellation);

        _server.Time.Advance(TimeSpan.FromDays(31) + TimeSpan.FromSeconds(1));
        await Sweep.PassAsync(_server.Ledger, Cancellation);

        Assert.Equal("long", Assert.Single((await Root.TokensAsync(null, 10, Cancellation)).Items).Name);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task The_administrators_door_asks_for_no_certificate_and_a_hosts_opens_nothing()
    {
        var host = await _server.JoinAsync();
        var asked = false;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
#pragma warning disable CA5359 // Whom the test talks to is not in question.
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
                // Called when the handshake begins, without a remote certificate, and again if the server asks.
                LocalCertificateSelectionCallback = (_, _, _, remote, _) =>
                {
                    asked |= remote is not null;
                    return host.Certificate;
                },
            },
        })
        {
            BaseAddress = _server.AdministrationAddress,
        };

        using var response = await http.GetAsync("v1/status", Cancellation);

        Assert.Equal((HttpStatusCode.Unauthorized, false), (response.StatusCode, asked));
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_server_with_another_key_is_not_talked_to()
    {
        await using var other = await RunningLicenseServer.StartAsync();
        using var http = PinnedServer.Connect(other.AdministrationAddress, _server.Ledger.Identity.Key.Fingerprint, "secret", TimeSpan.FromSeconds(10), _server.Time);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => new AccountsClient(http).CallerAsync(Cancellation));

        Assert.Equal(LicensingProblem.Unreachable, problem.Problem);
        Assert.Contains("is not signed by the pinned key", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invitations_lead_to_the_hosts_door()
    {
        var status = await _server.Administration.StatusAsync(Cancellation);

        Assert.Equal(_server.Address.AbsoluteUri, status.Address);
        Assert.NotEqual(_server.AdministrationAddress.Port, _server.Address.Port);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_route_that_does_not_say_whom_it_is_for_makes_the_start_fail(bool hasDoor)
    {
        await using var role = LicenseServerRole.Build(
            new() { StateDirectory = Path.Combine(_server.Directory, "forgetful"), Listen = "127.0.0.1:0" }, _server.Time, logging => logging.SetMinimumLevel(LogLevel.None));
        var forgotten = role.MapGet("/v1/forgotten", (HttpContext context) => context.Response.WriteAsync("secret", Cancellation));
        if (hasDoor)
            forgotten.At(Door.Administration);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => role.StartAsync(Cancellation));

        Assert.Contains("/v1/forgotten", failure.Message, StringComparison.Ordinal);
    }

    private Task<SignInResponse> SignInAsync(string name, string password = Password) => new AccountsClient(_server.Remote(null)).SignInAsync(new(name, password), Cancellation);

    private async Task<int> CountAsync(Func<LedgerContext, int> count)
    {
        await using var db = _server.Ledger.Database.OpenReader();
        return count(db);
    }

    private static Task AssertRefusedAsync(LicensingProblem expected, HttpClient http, string path = "v1/caller")
        => AssertProblemAsync(expected, null, http.GetAsync<CallerRecord>(path, Cancellation));

    private static async Task AssertProblemAsync(LicensingProblem expected, string? field, Task call)
    {
        var problem = await Assert.ThrowsAsync<ProblemException>(() => call);
        Assert.Equal((expected, field), (problem.Problem, problem.Field));
    }
}
