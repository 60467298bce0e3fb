using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Operations;

/// <summary><c>POST /v1/time</c>: what time it is, signed, for a license server whose clock has leapt.</summary>
internal sealed class TellTime(Issuers issuers, SignerClient signer, TimeProvider time)
{
    public async Task<JsonHttpResult<ClearinghouseTimeAnswer>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var request = await Json.ReadAsync(context, ContractsJson.Default.TimeRequest);
        if (Json.Require(request.Nonce, "nonce") is not { Length: SignedTimeStatement.NonceLength } nonce)
            throw new ProblemException(LicensingProblem.InvalidField, $"nonce has {SignedTimeStatement.NonceLength} bytes", "nonce");
        var payload = new SignedTimeStatement(nonce, time.GetUtcNow()).Encode();
        var statement = await signer.SignTimeAsync(payload, cancellation);
        var issuing = await issuers.IssuerOfAsync(statement, payload, "a time", cancellation);
        return TypedResults.Json(new ClearinghouseTimeAnswer(statement, CertificateChain.ToPem([issuing])), ContractsJson.Default.ClearinghouseTimeAnswer);
    }
}
