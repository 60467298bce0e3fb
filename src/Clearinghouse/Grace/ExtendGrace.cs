using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Grace;

/// <summary><c>POST /v1/grace-extensions</c>, for operators: extends the grace period of one machine. Stored, committed, then signed.</summary>
internal sealed class ExtendGrace(Database database, Issuers issuers, SignerClient signer, TimeProvider time, ILogger<ExtendGrace> logger)
{
    private const int MachineIdLength = 32;

    public async Task<JsonHttpResult<ExtendGraceResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var request = await Json.ReadAsync(context, ContractsJson.Default.ExtendGraceRequest);
        var machine = Json.Require(request.MachineId, "machineId").ToLowerInvariant();
        if (machine.Length != MachineIdLength || !machine.All(char.IsAsciiHexDigitLower))
            throw new ProblemException(LicensingProblem.InvalidField, $"machineId has {MachineIdLength} hexadecimal digits; ostiary grace show prints it on the session host", "machineId");
        if (request.Days is < 1 or > GraceExtensionStatement.MaxDays)
            throw new ProblemException(LicensingProblem.InvalidField, $"days is between 1 and {GraceExtensionStatement.MaxDays}", "days");

        var extension = new GraceExtensionStatement(new Guid(RandomNumberGenerator.GetBytes(16), bigEndian: true), machine, request.Days, time.GetUtcNow());
        var payload = extension.Encode();
        await StoreAsync(extension, payload, cancellation);
        var statement = await signer.SignGraceExtensionAsync(payload, cancellation);
        var issuing = await issuers.IssuerOfAsync(statement, payload, "a grace extension", cancellation);
        await database.WriteAsync(
            async store =>
            {
                (await store.GraceExtensions.SingleAsync(row => row.Id == extension.Id, cancellation)).Sign(statement, time.GetUtcNow());
                return true;
            },
            cancellation);
        logger.GraceExtended(extension.Id, extension.Days);
        return TypedResults.Json(new ExtendGraceResponse(extension.Id, GraceExtensionFile.Format(statement, issuing)), ContractsJson.Default.ExtendGraceResponse);
    }

    private Task<bool> StoreAsync(GraceExtensionStatement extension, byte[] payload, CancellationToken cancellation)
        => database.WriteAsync(
            async store =>
            {
                store.GraceExtensions.Add(new() { Id = extension.Id, MachineId = extension.MachineId, Days = extension.Days, Payload = payload });
                await store.AppendToBeSignedAsync(
                    SignedKind.GraceExtension, "grace-extension", $"extension {extension.Id}, machine {extension.MachineId}, {extension.Days} days", payload, time.GetUtcNow(), cancellation);
                return true;
            },
            cancellation);
}
