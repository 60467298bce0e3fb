using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// The writes of which every issue needs some, as prepared commands on the writer's connection. Change tracking costs ten times as much
/// for these tables; all other tables, and all reading, go through the context. The SQL is common to SQLite and PostgreSQL; the types of the parameters
/// are those of the columns, as the model has them for either.
/// </summary>
internal sealed class HotStatements : IDisposable
{
    private static readonly string[] CalColumns =
        ["serial", "device_id", "device_key", "hardware_id", "client_name", "host_id", "version", "not_before", "not_after", "to_be_signed", "signature", "touches"];

    private static readonly string[] FixedUserColumns = ["realm", "stable_id", "account_host_id", "host_id", "assigned_at"];

    private static readonly string[] MovingUserColumns =
        ["person_key", "name", "version", "pack_id", "last_logon_at", "expires_at", "state", "released_at", "release_reason", "ledger_number"];

    private readonly DbConnection _connection;
    private readonly IModel _model;
    private readonly List<Statement> _all = [];
    private readonly Statement _insertTemporary;
    private readonly Statement _insertLicense;
    private readonly Statement _updateLicense;
    private readonly Statement _deleteTemporary;
    private readonly Statement _trimTemporaries;
    private readonly Statement _touchTemporary;
    private readonly Statement _touchLicense;
    private readonly Statement _insertUserCal;
    private readonly Statement _updateUserCal;
    private readonly Statement _touchUserCal;
    private readonly Statement _insertAudit;
    private readonly Statement _insertDetail;
    private readonly Statement _insertRequest;
    private readonly Statement _touchRequest;
    private readonly Statement _signTemporary;
    private readonly Statement _signLicense;
    private readonly Statement _updateHead;

    public HotStatements(LedgerContext db)
    {
        _connection = db.Database.GetDbConnection();
        _model = db.Model;
        _insertTemporary = Insert("temporaries", CalColumns);
        _insertLicense = Insert("licenses", [.. CalColumns, "kind", "status", "account", "pack_id", "ledger_number", "revoked_at", "revocation_reason", "outside_limit", "ask_first", "merged"]);
        _updateLicense = Prepare(
            "licenses",
            "UPDATE licenses SET device_id = @device_id, status = @status, account = @account, ledger_number = @ledger_number, revoked_at = @revoked_at, revocation_reason = @revocation_reason, "
            + "outside_limit = @outside_limit, ask_first = @ask_first, merged = @merged WHERE serial = @serial",
            ["device_id", "status", "account", "ledger_number", "revoked_at", "revocation_reason", "outside_limit", "ask_first", "merged", "serial"]);
        _deleteTemporary = Prepare("temporaries", "DELETE FROM temporaries WHERE serial = @serial", ["serial"]);
        _trimTemporaries = Prepare(
            "temporaries",
            "DELETE FROM temporaries WHERE host_id = @host_id AND id <= (SELECT id FROM temporaries WHERE host_id = @host_id ORDER BY id DESC LIMIT 1 OFFSET @kept)", ["host_id", "kept"]);
        _touchTemporary = Prepare("temporaries", "UPDATE temporaries SET touches = touches + 1 WHERE serial = @serial", ["serial"]);
        _touchLicense = Prepare("licenses", "UPDATE licenses SET touches = touches + 1 WHERE serial = @serial", ["serial"]);
        _insertUserCal = Insert("user_cals", [.. FixedUserColumns, .. MovingUserColumns, "serial", "touches"]);
        _updateUserCal = Prepare(
            "user_cals", $"UPDATE user_cals SET {string.Join(", ", MovingUserColumns.Select(column => $"{column} = @{column}"))} WHERE serial = @serial", [.. MovingUserColumns, "serial"]);
        _touchUserCal = Prepare("user_cals", "UPDATE user_cals SET touches = touches + 1 WHERE serial = @serial", ["serial"]);
        _insertAudit = Insert("audit", ["number", "at", "kind", "table", "row", "commitment", "hash"]);
        _insertDetail = Insert("audit_details", ["number", "salt", "by", "content"]);
        string[] requestColumns = ["request_id", "host_id", "body_hash", "answer", "serial", "reason", "detail", "at", "touches"];
        // A request whose CAL has fallen out is answered anew, under the same id.
        _insertRequest = Prepare(
            "requests",
            InsertSql("requests", requestColumns) + " ON CONFLICT (request_id) DO UPDATE SET answer = excluded.answer, serial = excluded.serial, reason = excluded.reason, detail = excluded.detail, at = excluded.at",
            requestColumns);
        _touchRequest = Prepare("requests", "UPDATE requests SET touches = touches + 1 WHERE request_id = @request_id", ["request_id"]);
        _signTemporary = Prepare("temporaries", "UPDATE temporaries SET signature = @signature WHERE serial = @serial", ["signature", "serial"]);
        _signLicense = Prepare("licenses", "UPDATE licenses SET signature = @signature WHERE serial = @serial", ["signature", "serial"]);
        _updateHead = Prepare("ledger_head", "UPDATE ledger_head SET number = @number, hash = @hash, list_number = @list_number, seen_at = @seen_at WHERE id = 1", ["number", "hash", "list_number", "seen_at"]);
    }

    /// <summary>The statements take part in this transaction from now on.</summary>
    public void Enlist(DbTransaction transaction) => _all.ForEach(statement => statement.Command.Transaction = transaction);

    public void Insert(Temporary row) => _insertTemporary.Run(CalValues(row));

    public void Insert(License row)
        => _insertLicense.Run([.. CalValues(row), (int)row.Kind, (int)row.Status, row.Account, row.PackId?.ToByteArray(bigEndian: true), row.LedgerNumber, .. RevocationValues(row)]);

    public void Update(License row) => _updateLicense.RunOnOne([row.DeviceId.ToByteArray(bigEndian: true), (int)row.Status, row.Account, row.LedgerNumber, .. RevocationValues(row), row.Serial.ToBytes()]);

    public void Delete(Temporary row) => _deleteTemporary.RunOnOne([row.Serial.ToBytes()]);

    /// <summary>Keeps the newest rows of a host.</summary>
    public void TrimTemporaries(Guid hostId, int kept) => _trimTemporaries.Run([hostId.ToByteArray(bigEndian: true), kept]);

    /// <summary>Writes a row anew, so that a commit, here and on every replica, stands behind what is confirmed again.</summary>
    public void Touch(Cal row) => (row is License ? _touchLicense : _touchTemporary).RunOnOne([row.Serial.ToBytes()]);

    public void Insert(UserCal row) => _insertUserCal.Run(
    [
        row.Realm, row.StableId, row.AccountHostId?.ToByteArray(bigEndian: true), row.HostId.ToByteArray(bigEndian: true), row.AssignedAt.ToUnixTimeSeconds(),
        .. MovingValues(row), row.Serial.ToBytes(), row.Touches,
    ]);

    public void Update(UserCal row) => _updateUserCal.RunOnOne([.. MovingValues(row), row.Serial.ToBytes()]);

    public void Touch(UserCal row) => _touchUserCal.RunOnOne([row.Serial.ToBytes()]);

    public void Insert(AuditEntry row)
        => _insertAudit.Run([row.Number, row.At.ToUnixTimeSeconds(), row.Kind, row.Table, row.Row, row.Commitment, row.Hash]);

    public void Insert(AuditDetail row) => _insertDetail.Run([row.Number, row.Salt, row.By, row.Content]);

    public void InsertOrReplace(AnsweredRequest row) => _insertRequest.Run(
    [
        row.RequestId.ToByteArray(bigEndian: true), row.HostId.ToByteArray(bigEndian: true), row.BodyHash, (int)row.Answer, row.Serial?.ToBytes(),
        (int?)row.Reason, row.Detail, row.At.ToUnixTimeSeconds(), row.Touches,
    ]);

    public void Touch(AnsweredRequest row) => _touchRequest.RunOnOne([row.RequestId.ToByteArray(bigEndian: true)]);

    /// <summary>Keeps a signature; the row may have moved or fallen out.</summary>
    public void StoreSignature(CalSerial serial, byte[] signature, bool temporary)
    {
        if (!temporary || _signTemporary.Run([signature, serial.ToBytes()]) == 0)
            _signLicense.Run([signature, serial.ToBytes()]);
    }

    public void Update(HeadRow row) => _updateHead.RunOnOne([row.Number, row.Hash, row.ListNumber, row.SeenAt.ToUnixTimeSeconds()]);

    public void Dispose() => _all.ForEach(statement => statement.Command.Dispose());

    private static object?[] RevocationValues(License row) => [row.RevokedAt?.ToUnixTimeSeconds(), row.RevocationReason, row.OutsideLimit, row.AskFirst, row.Merged];

    private static object?[] CalValues(Cal row) =>
    [
        row.Serial.ToBytes(), row.DeviceId.ToByteArray(bigEndian: true), row.DeviceKey.ToBytes(), row.HardwareId, row.ClientName, row.HostId.ToByteArray(bigEndian: true),
        row.Version.Year, row.NotBefore.ToUnixTimeSeconds(), row.NotAfter.ToUnixTimeSeconds(), row.ToBeSigned, row.Signature, row.Touches,
    ];

    private static object?[] MovingValues(UserCal row) =>
    [
        row.PersonKey.ToBytes(), row.Name, row.Version.Year, row.PackId?.ToByteArray(bigEndian: true), row.LastLogonAt.ToUnixTimeSeconds(), row.ExpiresAt.ToUnixTimeSeconds(),
        (int)row.State, row.ReleasedAt?.ToUnixTimeSeconds(), row.ReleaseReason, row.LedgerNumber,
    ];

    private Statement Insert(string table, string[] columns) => Prepare(table, InsertSql(table, columns), columns);

    private static string InsertSql(string table, string[] columns)
        => $"INSERT INTO {table} ({string.Join(", ", columns.Select(column => $"\"{column}\""))}) VALUES ({string.Join(", ", columns.Select(column => "@" + column))})";

    private Statement Prepare(string table, string sql, string[] parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The text is made of the names above; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        var columns = _model.GetEntityTypes().Single(entity => entity.GetTableName() == table).GetProperties().ToDictionary(property => property.GetColumnName());
        foreach (var name in parameters)
            command.Parameters.Add(columns.TryGetValue(name, out var column) ? column.GetRelationalTypeMapping().CreateParameter(command, "@" + name, null, nullable: true) : Number(command, name));

        command.Prepare();
        var statement = new Statement(command);
        _all.Add(statement);
        return statement;
    }

    private static DbParameter Number(DbCommand command, string name)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.DbType, parameter.Value) = ("@" + name, DbType.Int32, 0);
        return parameter;
    }

    private sealed record Statement(DbCommand Command)
    {
        public int Run(object?[] values)
        {
            for (var index = 0; index < values.Length; index++)
                Command.Parameters[index].Value = values[index] ?? DBNull.Value;
            return Command.ExecuteNonQuery();
        }

        public void RunOnOne(object?[] values)
        {
            if (Run(values) is var rows and not 1)
                throw new InvalidOperationException($"one row was to change, {rows} did: {Command.CommandText}");
        }
    }
}
