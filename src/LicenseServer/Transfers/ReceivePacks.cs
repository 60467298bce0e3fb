using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Transfers;

/// <summary>
/// <c>POST /v1/receptions</c>: 1. the file is for this license server, and whole; 2. the clearinghouse moves the key packs here and signs them for this key;
/// 3. one transaction: the key packs, and what was issued of them with its seats. The same file again changes nothing.
/// </summary>
internal static class ReceivePacks
{
    private const int MaxName = 255;
    private const int MaxToBeSigned = 2048;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/receptions", Handle).At(Door.Administration).For(AccountRole.Administrator)
        .WithMetadata(new BodyLimitMetadata(TransferFile.MaxLength))
        .Takes<TransferFile>().Answers<ReceptionRecord>("Takes key packs that another license server has signed away to this one, with what it had issued of them.");

    private static async Task Handle(HttpContext context)
    {
        var file = await Json.ReadAsync(context, ContractsJson.Default.TransferFile).ConfigureAwait(false);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var options = context.RequestServices.GetRequiredService<LicenseServerOptions>();
        var own = ledger.Identity.Current;
        if (!own.IsActivated)
            throw new ProblemException(LicensingProblem.NotActivated, "key packs are received on an activated license server; activate it first (ostiary server activate)");
        var (statement, source) = ReadStatement(file, own.Id.Text);
        if (await FindAsync(ledger, statement.TransferId, context.RequestAborted).ConfigureAwait(false) is not { } reception)
        {
            var rows = ReadRows(file, statement);
            var packs = await MoveAsync(context, ledger, file, statement).ConfigureAwait(false);
            options.AfterStep?.Invoke(SuccessionStep.PacksMoved);
            (reception, _) = await ledger.ReceiveAsync(batch => Receive(batch, file, statement, source, rows, packs), context.RequestAborted).ConfigureAwait(false);
            options.AfterStep?.Invoke(SuccessionStep.Received);
            Log.PacksReceived(context.RequestServices.GetRequiredService<ILogger<Ledger>>(), LicenseServerId.Of(statement.Source).Text, packs.Count, reception.Cals);
        }

        await Json.WriteAsync(
            context,
            new ReceptionRecord(reception.TransferId, LicenseServerId.Of(statement.Source).Text, [.. reception.KeyPacks.Split(' ').Select(Guid.Parse)], reception.Cals, reception.Left),
            ContractsJson.Default.ReceptionRecord).ConfigureAwait(false);
    }

    private static async Task<Reception?> FindAsync(Ledger ledger, Guid transferId, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        return await db.Receptions.SingleOrDefaultAsync(row => row.TransferId == transferId, cancellation).ConfigureAwait(false);
    }

    private static (TransferStatement Statement, X509Certificate2 Source) ReadStatement(TransferFile file, string own)
    {
        if (ProvenSuccession.ReadCertificates(Json.Require(file.SourceCertificates, "sourceCertificates")) is not [var source, ..])
            throw new ProblemException(LicensingProblem.InvalidField, "sourceCertificates holds no certificate", "sourceCertificates");
        using var key = source.GetECDsaPublicKey();
        if (key is null || !Statement.TryVerify(Json.Require(file.Statement, "statement"), key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "statement is not signed by the license server whose certificate is beside it", "statement");
        try
        {
            var statement = TransferStatement.Decode(payload);
            if (statement.Source != KeyFingerprint.Of(source))
                throw new ProblemException(LicensingProblem.SignatureInvalid, "statement is of another license server than the one that signed it", "statement");
            return statement.Target == own ? (statement, source)
                : throw new ProblemException(LicensingProblem.RuleForbids, $"the transfer is for license server {statement.Target}; this one is {own}", "statement");
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, malformed.Message, "statement");
        }
    }

    private static TransferRows ReadRows(TransferFile file, TransferStatement statement)
    {
        if (!SHA256.HashData(Json.Require(file.Rows, "rows")).AsSpan().SequenceEqual(statement.RowsDigest))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "rows are not those that were signed: the file is damaged, or was changed", "rows");
        var rows = TransferRows.Decode(file.Rows);
        if (rows is null || rows.Cals.Count + rows.UserCals.Count != statement.Rows)
            throw new ProblemException(LicensingProblem.InvalidField, $"rows are not the {statement.Rows} CALs that the statement names", "rows");
        if (rows.Parts.Any(part => part is null || !statement.KeyPacks.Contains(part.KeyPack) || part.Quantity is < 0 or > KeyPackStatement.MaxQuantity || !Enum.IsDefined(part.Type))
            || rows.Parts.DistinctBy(part => part.PackId).Count() != rows.Parts.Count)
            throw new ProblemException(LicensingProblem.InvalidField, "a part in rows is of no key pack of the statement, stands twice, or is out of its limits", "rows");
        var parts = rows.Parts.ToDictionary(part => part.PackId);
        if (rows.Cals.FirstOrDefault(cal => !IsGood(cal, parts)) is not null || rows.UserCals.FirstOrDefault(cal => !IsGood(cal, parts)) is not null)
            throw new ProblemException(LicensingProblem.InvalidField, "a CAL in rows is of no part, or a field of it is out of its limits", "rows");
        return rows;
    }

    private static bool IsGood(TransferredCal? cal, Dictionary<Guid, TransferredPart> parts)
        => cal is not null && parts.TryGetValue(cal.PackId, out var part) && part.Type == CalType.Device && CalSerial.TryParse(cal.Serial, out _) && HardwareId.TryParse(cal.HardwareId, out _)
            && cal.ClientName is { Length: <= MaxName } && cal.Version.IsKnown && cal.ToBeSigned is { Length: > 0 and <= MaxToBeSigned } && cal.Account is null or { Length: <= MaxName };

    private static bool IsGood(TransferredUserCal? cal, Dictionary<Guid, TransferredPart> parts)
        => cal is not null && parts.TryGetValue(cal.PackId, out var part) && part.Type == CalType.User && CalSerial.TryParse(cal.Serial, out _)
            && cal is { Name.Length: > 0 and <= MaxName, Realm.Length: <= MaxName, StableId: null or { Length: <= 64 } } && cal.Version.IsKnown;

    // The clearinghouse answers the same for the same file: who was cut off after this asks again.
    private static async Task<Dictionary<Guid, (KeyPackStatement Statement, byte[] Signed, byte[] Issuing)>> MoveAsync(HttpContext context, Ledger ledger, TransferFile file, TransferStatement statement)
    {
        var asked = await Activate.RequestAsync(context).ConfigureAwait(false);
        var encoded = asked.Encode();
        var answer = await context.RequestServices.GetRequiredService<ClearinghouseConnection>().Client.MovePacksAsync(
            new(encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)), file.Statement), context.RequestAborted).ConfigureAwait(false);
        var packs = new Dictionary<Guid, (KeyPackStatement, byte[], byte[])>();
        foreach (var moved in answer.KeyPacks ?? [])
        {
            using var issuing = await context.RequestServices.GetRequiredService<TrustPulls>().ReadIssuingAsync(moved.KeyPack.IssuingCertificate ?? "", context.RequestAborted).ConfigureAwait(false);
            using var key = issuing.GetECDsaPublicKey();
            if (key is null || !Statement.TryVerify(moved.KeyPack.KeyPack ?? [], key, out var payload) || Decode(payload) is not { } pack || pack.LicenseServer != ledger.Identity.Key.Fingerprint
                || !statement.KeyPacks.Contains(moved.From) || !packs.TryAdd(moved.From, (pack, moved.KeyPack.KeyPack!, issuing.RawData)))
                throw new ProblemException(LicensingProblem.SignatureInvalid, "a key pack of the clearinghouse's answer does not hold: it is not signed by its issuing key, is for another license server, or was not asked for");
        }

        return packs.Count == statement.KeyPacks.Count ? packs : throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's answer has not all key packs of the transfer");
    }

    private static KeyPackStatement? Decode(byte[] payload)
    {
        try
        {
            return KeyPackStatement.Decode(payload);
        }
        catch (CborContentException)
        {
            return null;
        }
    }

    private static Reception Receive(
        LedgerBatch batch, TransferFile file, TransferStatement statement, X509Certificate2 source, TransferRows rows,
        Dictionary<Guid, (KeyPackStatement Statement, byte[] Signed, byte[] Issuing)> packs)
    {
        if (batch.Db.Receptions.AsNoTracking().SingleOrDefault(row => row.TransferId == statement.TransferId) is { } before)
            return before;
        var numbers = Install(batch, rows, packs);
        var (taken, left) = (0, 0);
        foreach (var cal in rows.Cals)
            Count(Adopt(batch, cal, numbers[cal.PackId]));
        foreach (var cal in rows.UserCals)
            Count(Adopt(batch, cal, numbers[cal.PackId]));
        var reception = new Reception
        {
            TransferId = statement.TransferId,
            Source = KeyFingerprint.Of(source).Hex,
            SourceCertificates = file.SourceCertificates,
            Statement = file.Statement,
            Cals = taken,
            Left = left,
            KeyPacks = string.Join(' ', statement.KeyPacks.Select(from => packs[from].Statement.PackId)),
            At = batch.Now,
        };
        batch.Db.Add(reception);
        batch.Audit("packs-received", CanonicalContent.Receptions, reception.TransferId.ToString(), number =>
        {
            reception.LedgerNumber = number;
            return CanonicalContent.Of(reception);
        });
        return reception;

        void Count(bool adopted) => (taken, left) = adopted ? (taken + 1, left) : (taken, left + 1);
    }

    // The pack under the number that the clearinghouse gave it, parts that were converted under their own. Never more seats than the statement has.
    private static Dictionary<Guid, Pack> Install(
        LedgerBatch batch, TransferRows rows, Dictionary<Guid, (KeyPackStatement Statement, byte[] Signed, byte[] Issuing)> packs)
    {
        var installed = new Dictionary<Guid, Pack>();
        foreach (var (from, (statement, signed, issuing)) in packs)
        {
            var parts = rows.Parts.Where(part => part.KeyPack == from).ToList();
            if (parts.Find(part => part.PackId == from && part.SplitFrom is null) is not { } whole || parts.Sum(part => (long)part.Quantity) != statement.Quantity)
                throw new ProblemException(LicensingProblem.InvalidField, $"the parts of key pack {from} are not its {statement.Quantity} seats", "rows");
            foreach (var part in parts)
            {
                var pack = new Pack
                {
                    PackId = part == whole ? statement.PackId : part.PackId,
                    Type = part.Type,
                    Version = statement.Version,
                    Quantity = part.Quantity,
                    Program = statement.Program,
                    IssuedAt = statement.IssuedAt,
                    ExpiresAt = statement.ExpiresAt,
                    InstalledAt = batch.Now,
                    Statement = signed,
                    IssuingCertificate = issuing,
                    ProductKeyHash = SHA256.HashData([.. "Ostiary transferred key pack"u8, .. statement.PackId.ToByteArray()]),
                    SplitFrom = part == whole ? null : statement.PackId,
                };
                batch.Add("pack-received", pack);
                installed[part.PackId] = pack;
            }
        }

        // So that seats find their packs.
        batch.Db.SaveChanges();
        return installed;
    }

    // Who holds a CAL here already goes on with that one, and the seat that came along is free.
    private static bool Adopt(LedgerBatch batch, TransferredCal cal, Pack pack)
    {
        if (!CalSerial.TryParse(cal.Serial, out var serial))
            throw new InvalidOperationException("the serial number was checked before");
        var hardwareId = Convert.FromHexString(cal.HardwareId);
        var key = DeviceKey.Of(hardwareId, cal.ClientName);
        var known = batch.LiveOf(key);
        if (cal.ExpiresAt < batch.Now || batch.License(serial) is not null || known is { Kind: LicenseKind.Permanent })
            return false;
        if (known is not null)
            batch.Replace(known);
        batch.Add("license-received", new License
        {
            Serial = serial,
            DeviceId = known?.DeviceId ?? Guid.CreateVersion7(batch.Now),
            DeviceKey = key,
            HardwareId = hardwareId,
            ClientName = cal.ClientName,
            HostId = cal.HostId,
            Version = cal.Version,
            NotBefore = cal.IssuedAt,
            NotAfter = cal.ExpiresAt,
            ToBeSigned = cal.ToBeSigned,
            Kind = LicenseKind.Permanent,
            PackId = pack.PackId,
            Account = cal.Account,
        });
        pack.AdoptSeat();
        return true;
    }

    private static bool Adopt(LedgerBatch batch, TransferredUserCal cal, Pack pack)
    {
        if (!CalSerial.TryParse(cal.Serial, out var serial))
            throw new InvalidOperationException("the serial number was checked before");
        var person = PersonKey.Of(new UserClaim(cal.Name, cal.Realm, cal.StableId), cal.AccountHostId);
        if (cal.ExpiresAt < batch.Now || batch.KnowsUserCal(serial) || batch.Db.UserCals.Any(row => row.PersonKey == person && row.State == UserCalState.Live))
            return false;
        batch.Add("user-cal-received", new UserCal
        {
            Serial = serial,
            PersonKey = person,
            Name = cal.Name,
            Realm = cal.Realm,
            StableId = cal.StableId,
            AccountHostId = cal.AccountHostId,
            HostId = cal.HostId,
            Version = cal.Version,
            PackId = pack.PackId,
            AssignedAt = cal.AssignedAt,
            LastLogonAt = cal.LastLogonAt,
            ExpiresAt = cal.ExpiresAt,
        });
        pack.AdoptSeat();
        return true;
    }
}
