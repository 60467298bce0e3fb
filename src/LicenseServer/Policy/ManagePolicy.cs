using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Policy;

/// <summary><c>GET /v1/policy</c>, <c>PUT /v1/policy</c>, <c>POST /v1/policy/update</c> and <c>POST /v1/break-glass</c>.</summary>
internal static class ManagePolicy
{
    private const int MaxReason = 255;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/policy", Get).At(Door.Administration).For(AccountRole.Reader)
            .Answers<PolicyRecord>("What is done when CALs run short.");
        routes.MapPut("/v1/policy", Set).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<SetPolicyRequest>().Answers<PolicyRecord>("Sets what is done when CALs run short, and whom the license server answers.");
        routes.MapPost("/v1/policy/update", Update).At(Door.Administration).For(AccountRole.Operator)
            .Answers<PolicyRecord>("Reads the policy files of the license server's machine again, at once.");
        routes.MapPost("/v1/break-glass", Break).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<BreakGlassRequest>().Answers<PolicyRecord>("User CALs beyond the packs for 24 hours, once in 30 days.");
    }

    private static Task Get(HttpContext context) => AnswerAsync(context, RecordOf);

    private static Task Update(HttpContext context)
    {
        context.RequestServices.GetRequiredService<Ledger>().MachinePolicy.Refresh(always: true);
        return AnswerAsync(context, RecordOf);
    }

    private static async Task Set(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.SetPolicyRequest).ConfigureAwait(false);
        await AnswerAsync(context, batch =>
        {
            var policy = batch.Policy;
            var overUse = request.UserOverUse ?? policy.UserOverUse;
            var prevent = request.PreventLicenseUpgrade ?? policy.PreventLicenseUpgrade;
            var group = request.SecurityGroup ?? policy.SecurityGroup;
            if ((overUse, prevent, group) != (policy.UserOverUse, policy.PreventLicenseUpgrade, policy.SecurityGroup))
            {
                (policy.UserOverUse, policy.PreventLicenseUpgrade, policy.SecurityGroup) = (overUse, prevent, group);
                batch.Set(policy);
            }

            return RecordOf(batch);
        }).ConfigureAwait(false);
    }

    private static async Task Break(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.BreakGlassRequest).ConfigureAwait(false);
        var reason = Json.Text(request.Reason, "reason", MaxReason);
        await AnswerAsync(context, batch =>
        {
            if (NextBreakGlass(batch) is { } next)
                throw new ProblemException(LicensingProblem.RuleForbids,
                    $"break-glass is possible once in {BreakGlass.Apart.TotalDays:0} days; it was used at {batch.LastBreakGlass!.At:u} and is possible again at {next:u}");
            batch.Break(new() { At = batch.Now, Until = batch.Now + BreakGlass.Length, Reason = reason });
            return RecordOf(batch);
        }).ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext context, Func<LedgerBatch, PolicyRecord> work)
    {
        var (record, _) = await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(work, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, record, ContractsJson.Default.PolicyRecord).ConfigureAwait(false);
    }

    private static PolicyRecord RecordOf(LedgerBatch batch)
        => new(batch.Policy.UserOverUse, batch.Policy.PreventLicenseUpgrade, batch.BreakGlassUntil, NextBreakGlass(batch), batch.Policy.SecurityGroup,
            batch.Limits.MachinePolicy.Explain(batch.Policy), batch.Limits.MachinePolicy.Faults);

    private static DateTimeOffset? NextBreakGlass(LedgerBatch batch)
        => batch.LastBreakGlass is { } last && last.At + BreakGlass.Apart > batch.Now ? last.At + BreakGlass.Apart : null;
}
