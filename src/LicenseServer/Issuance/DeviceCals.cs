using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary><c>POST /v1/device-cals</c> and <c>POST /v1/validations</c>: what session hosts ask for while somebody connects and logs on.</summary>
internal static class DeviceCals
{
    private const int MaxName = 255;
    private const int MaxAddress = 64;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/device-cals", RequestDeviceCal).AtHosts(Credential.Membership);
        routes.MapPost("/v1/validations", Validate).AtHosts(Credential.Membership);
    }

    private static async Task RequestDeviceCal(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.DeviceCalRequest).ConfigureAwait(false);
        CheckRequestId(request.RequestId);
        if (request.Device is not { } device)
            throw new ProblemException(LicensingProblem.InvalidField, "device is required", "device");
        if (!HardwareId.TryParse(device.HardwareId, out _))
            throw new ProblemException(LicensingProblem.InvalidField, $"device.hardwareId has {HardwareId.Length * 2} hexadecimal digits", "device.hardwareId");
        Json.Text(device.ClientName, "device.clientName", MaxName, mayBeEmpty: true);
        Json.Text(device.UserName, "device.userName", MaxName, mayBeEmpty: true);
        Json.Text(device.Address, "device.address", MaxAddress, mayBeEmpty: true);
        if (request.Presented is { Length: > DeviceCal.MaxStoredLength } presented)
            throw new ProblemException(LicensingProblem.InvalidField, $"presented has {presented.Length} bytes; at most {DeviceCal.MaxStoredLength} are taken", "presented");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var answer = await ledger.RequestDeviceCalAsync(HostCredential.RequireMembership(context), request, context.RequestAborted).ConfigureAwait(false);
        CrashPoints.Reach(CrashPoints.BeforeAnswer);
        await Json.WriteAsync(context, answer, ContractsJson.Default.DeviceCalAnswer).ConfigureAwait(false);
    }

    private static async Task Validate(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ValidationRequest).ConfigureAwait(false);
        CheckRequestId(request.RequestId);
        if (!CalSerial.TryParse(request.Serial, out var serial))
            throw new ProblemException(LicensingProblem.InvalidField, "serial has 32 hexadecimal digits", "serial");
        var account = Json.Text(request.Account, "account", MaxName);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var answer = await ledger.ValidateAsync(HostCredential.RequireMembership(context), request.RequestId, serial, account, context.RequestAborted).ConfigureAwait(false);
        CrashPoints.Reach(CrashPoints.BeforeAnswer);
        await Json.WriteAsync(context, answer, ContractsJson.Default.ValidationAnswer).ConfigureAwait(false);
    }

    private static void CheckRequestId(Guid requestId)
    {
        if (requestId == Guid.Empty)
            throw new ProblemException(LicensingProblem.InvalidField, "requestId is required", "requestId");
    }
}
