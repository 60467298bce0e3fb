using Npgsql;
using Ostiary.Doors.Databases;
using Ostiary.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Postgres;

public class PostgresConnectionTests
{
    private const string Password = "correct-horse-battery";

    [Theory]
    [InlineData("Host=/run/postgresql;Database=ostiary")]
    [InlineData("Host=127.0.0.1;Database=ostiary;Username=ostiary;Passfile=/etc/ostiary/pgpass")]
    [InlineData("Host=localhost;Port=5433;Database=ostiary;Password=" + Password)]
    [InlineData("Host=db1.example.org,db2.example.org;Database=ostiary;SSL Mode=VerifyFull;Root Certificate=/etc/ostiary/db.pem")]
    [InlineData("Host=/run/postgresql;Database=ostiary;Options=-c synchronous_commit=remote_apply")]
    public void A_connection_that_is_safe_is_taken(string text) => Assert.Null(PostgresConnection.Check(text));

    [Theory]
    [InlineData("postgresql://ostiary:" + Password + "@db.example.org/ostiary?sslmode=require", "no list of keywords")]
    [InlineData("Host=/run/postgresql;Database=ostiary;Pasword=" + Password, "no list of keywords")]
    [InlineData("Host=/run/postgresql;Database=ostiary;Port=" + Password, "no list of keywords")]
    [InlineData("", "Host is missing")]
    [InlineData("Database=ostiary;Password=" + Password, "Host is missing")]
    [InlineData("Host=/run/postgresql;Password=" + Password, "Database is missing")]
    [InlineData("Host=db.example.org;Database=ostiary;Password=" + Password, "SSL Mode is VerifyFull")]
    [InlineData("Host=localhost,192.0.2.7;Database=ostiary;SSL Mode=Require;Password=" + Password, "192.0.2.7 is another machine")]
    [InlineData("Host=/run/postgresql;Database=ostiary;Include Error Detail=true;Password=" + Password, "would write rows into logs")]
    [InlineData("Host=/run/postgresql;Database=ostiary;Multiplexing=true;Password=" + Password, "Multiplexing")]
    [InlineData("Host=/run/postgresql;Database=ostiary;Options=-c synchronous_commit=off;Password=" + Password, "synchronous_commit is on")]
    public void One_that_is_not_is_an_error_that_says_why_and_never_the_password(string text, string why)
    {
        var error = PostgresConnection.Check(text);

        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, error, StringComparison.Ordinal);
        var options = new LicenseServerOptions { StateDirectory = "/nowhere", Database = text };
        Assert.Equal($"Database: {error}", Assert.Single(options.Check()));
    }

    [Fact]
    public void Every_connection_begins_with_a_durable_COMMIT_whatever_the_servers_own_is()
    {
        var database = TestDatabases.NewEmpty();
        using (var source = PostgresConnection.Open(database, "test"))
            for (var time = 0; time < 2; time++)
            {
                // The second time the connection comes back from the pool, which resets it.
                using var connection = source.OpenConnection();
                Assert.Equal("on", Show(connection, "synchronous_commit"));
                Assert.Equal("10s", Show(connection, "idle_in_transaction_session_timeout"));
                Assert.Equal("ostiary test", Show(connection, "application_name"));
            }

        using (var source = PostgresConnection.Open($"{database};Options=-c synchronous_commit=remote_apply", "test"))
        using (var connection = source.OpenConnection())
            Assert.Equal("remote_apply", Show(connection, "synchronous_commit"));
        TestDatabases.Drop(database);
    }

    [Fact]
    public void What_passes_is_told_from_what_does_not()
    {
        foreach (var state in new[] { "08006", "40001", "40P01", "57P01", "57P03", "53300", "25006", "25P03" })
            Assert.True(PostgresConnection.IsPassing(new InvalidOperationException("", new PostgresException("", "", "", state))), state);
        foreach (var state in new[] { "23505", "42601", "22001", "25P02" })
            Assert.False(PostgresConnection.IsPassing(new PostgresException("", "", "", state)), state);
        Assert.True(PostgresConnection.IsPassing(new NpgsqlException("connection lost")));
        Assert.False(PostgresConnection.IsPassing(new InvalidOperationException("one row was to change")));
    }

    private static string? Show(NpgsqlConnection connection, string setting)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of the test.
        command.CommandText = $"SHOW {setting}";
#pragma warning restore CA2100
        return (string?)command.ExecuteScalar();
    }
}
