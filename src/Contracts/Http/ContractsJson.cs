using System.Text.Json;
using System.Text.Json.Serialization;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Http;

/// <summary>The JSON of every API: camel case, enumerations as kebab-case names, absent instead of null, unknown members ignored. Generated at build time.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = false,
    Converters = [typeof(KebabCaseEnumConverter)])]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(object))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
[JsonSerializable(typeof(ActivateRequest))]
[JsonSerializable(typeof(ActivateResponse))]
[JsonSerializable(typeof(ReactivateRequest))]
[JsonSerializable(typeof(ReactivateResponse))]
[JsonSerializable(typeof(DeactivateRequest))]
[JsonSerializable(typeof(DeactivateResponse))]
[JsonSerializable(typeof(ContactPerson))]
[JsonSerializable(typeof(ReactivateServerRequest))]
[JsonSerializable(typeof(CarriedReactivationRequest))]
[JsonSerializable(typeof(ReactivationProgress))]
[JsonSerializable(typeof(DeactivateServerRequest))]
[JsonSerializable(typeof(BeginDeactivationRequest))]
[JsonSerializable(typeof(CarriedExchange))]
[JsonSerializable(typeof(CarriedResponse))]
[JsonSerializable(typeof(InstallTrustRequest))]
[JsonSerializable(typeof(InstalledTrust))]
[JsonSerializable(typeof(CheckProductKeyRequest))]
[JsonSerializable(typeof(CheckProductKeyResponse))]
[JsonSerializable(typeof(RedeemRequest))]
[JsonSerializable(typeof(RedeemResponse))]
[JsonSerializable(typeof(ClearinghouseTimeAnswer))]
[JsonSerializable(typeof(TrustDocuments))]
[JsonSerializable(typeof(AuditHeadDocument))]
[JsonSerializable(typeof(PublisherAuditHead))]
[JsonSerializable(typeof(VerifyAuditRequest))]
[JsonSerializable(typeof(ReplacementRequest))]
[JsonSerializable(typeof(ReplacementAnswer))]
[JsonSerializable(typeof(TransferPacksRequest))]
[JsonSerializable(typeof(TransferFile))]
[JsonSerializable(typeof(TransferRows))]
[JsonSerializable(typeof(ReceptionRecord))]
[JsonSerializable(typeof(TransferUndone))]
[JsonSerializable(typeof(MovePacksRequest))]
[JsonSerializable(typeof(MovePacksResponse))]
[JsonSerializable(typeof(UndoTransferRequest))]
[JsonSerializable(typeof(SucceedRequest))]
[JsonSerializable(typeof(SucceedResponse))]
[JsonSerializable(typeof(SuccessionDocuments))]
[JsonSerializable(typeof(SucceedServerRequest))]
[JsonSerializable(typeof(SuccessionRecord))]
[JsonSerializable(typeof(SucceedKeyRequest))]
[JsonSerializable(typeof(RevokeLicenseServerRequest))]
[JsonSerializable(typeof(RevokeKeyPackRequest))]
[JsonSerializable(typeof(ClearinghouseRevocationRecord))]
[JsonSerializable(typeof(Page<RevocationEntry>))]
[JsonSerializable(typeof(LiftRevocationRequest))]
[JsonSerializable(typeof(LiftedRevocationRecord))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(Membership))]
[JsonSerializable(typeof(DeviceCalRequest))]
[JsonSerializable(typeof(DeviceCalAnswer))]
[JsonSerializable(typeof(ValidationRequest))]
[JsonSerializable(typeof(ValidationAnswer))]
[JsonSerializable(typeof(UserCalRequest))]
[JsonSerializable(typeof(UserCalAnswer))]
[JsonSerializable(typeof(ExplainDecisionRequest))]
[JsonSerializable(typeof(SessionReport))]
[JsonSerializable(typeof(RecoveryReport))]
[JsonSerializable(typeof(RecoveryAnswer))]
[JsonSerializable(typeof(GraceCopyRequest))]
[JsonSerializable(typeof(GraceCopyAnswer))]
[JsonSerializable(typeof(TimeRequest))]
[JsonSerializable(typeof(TimeAnswer))]
[JsonSerializable(typeof(RevocationAnswer))]
[JsonSerializable(typeof(MintRequest))]
[JsonSerializable(typeof(MintResponse))]
[JsonSerializable(typeof(FindProductKeyRequest))]
[JsonSerializable(typeof(Page<ProductKeyRecord>))]
[JsonSerializable(typeof(ClearinghouseStatus))]
[JsonSerializable(typeof(Page<ClearinghouseAuditRecord>))]
[JsonSerializable(typeof(ClearinghouseAuditVerification))]
[JsonSerializable(typeof(CompanyInformation))]
[JsonSerializable(typeof(ChangeCompanyRequest))]
[JsonSerializable(typeof(Page<ActivatedServerRecord>))]
[JsonSerializable(typeof(CustomerExport))]
[JsonSerializable(typeof(TransferRequest))]
[JsonSerializable(typeof(TransferRecord))]
[JsonSerializable(typeof(AddAgreementRequest))]
[JsonSerializable(typeof(ChangeAgreementRequest))]
[JsonSerializable(typeof(Page<AgreementRecord>))]
[JsonSerializable(typeof(Page<DrawRecord>))]
[JsonSerializable(typeof(ReleaseDrawRequest))]
[JsonSerializable(typeof(TelephoneDrawRequest))]
[JsonSerializable(typeof(DrawPackRequest))]
[JsonSerializable(typeof(CarriedDrawAnswer))]
[JsonSerializable(typeof(DrawCalsRequest))]
[JsonSerializable(typeof(DrawCalsResponse))]
[JsonSerializable(typeof(LicenseServerStatus))]
[JsonSerializable(typeof(ActivateServerRequest))]
[JsonSerializable(typeof(CarriedActivation))]
[JsonSerializable(typeof(CarriedActivationAnswer))]
[JsonSerializable(typeof(CarriedRedemption))]
[JsonSerializable(typeof(CarriedRedemptionAnswer))]
[JsonSerializable(typeof(TelephoneActivationRequest))]
[JsonSerializable(typeof(TelephoneRedemptionRequest))]
[JsonSerializable(typeof(TelephoneAnswer))]
[JsonSerializable(typeof(ProductKeyRequest))]
[JsonSerializable(typeof(Page<PackRecord>))]
[JsonSerializable(typeof(InviteRequest))]
[JsonSerializable(typeof(InviteResponse))]
[JsonSerializable(typeof(Page<HostRecord>))]
[JsonSerializable(typeof(Page<CalRecord>))]
[JsonSerializable(typeof(Page<UserCalRecord>))]
[JsonSerializable(typeof(ReleaseUserCalRequest))]
[JsonSerializable(typeof(RenameUserCalRequest))]
[JsonSerializable(typeof(PolicyRecord))]
[JsonSerializable(typeof(SetPolicyRequest))]
[JsonSerializable(typeof(BreakGlassRequest))]
[JsonSerializable(typeof(ConvertPackRequest))]
[JsonSerializable(typeof(PackRemoval))]
[JsonSerializable(typeof(AuditVerification))]
[JsonSerializable(typeof(RevokeRequest))]
[JsonSerializable(typeof(RevocationRecord))]
[JsonSerializable(typeof(Page<DeviceRecord>))]
[JsonSerializable(typeof(MergeDevicesRequest))]
[JsonSerializable(typeof(MergedDevices))]
[JsonSerializable(typeof(SplitDeviceRequest))]
[JsonSerializable(typeof(SplitDevices))]
[JsonSerializable(typeof(ChangeHostRequest))]
[JsonSerializable(typeof(RemovedHost))]
[JsonSerializable(typeof(Page<AuditRecord>))]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(SignInResponse))]
[JsonSerializable(typeof(CallerRecord))]
[JsonSerializable(typeof(AddAccountRequest))]
[JsonSerializable(typeof(SetRoleRequest))]
[JsonSerializable(typeof(SetPasswordRequest))]
[JsonSerializable(typeof(Page<AccountRecord>))]
[JsonSerializable(typeof(CreateTokenRequest))]
[JsonSerializable(typeof(CreateTokenResponse))]
[JsonSerializable(typeof(Page<TokenRecord>))]
[JsonSerializable(typeof(JoinServerRequest))]
[JsonSerializable(typeof(SessionHostStatus))]
[JsonSerializable(typeof(GraceStatus))]
[JsonSerializable(typeof(InstallExtensionRequest))]
[JsonSerializable(typeof(ClockStatus))]
[JsonSerializable(typeof(ObservationReport))]
[JsonSerializable(typeof(ExplanationRequest))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(ExtendGraceRequest))]
[JsonSerializable(typeof(ExtendGraceResponse))]
[JsonSerializable(typeof(Page<SessionRecord>))]
[JsonSerializable(typeof(Page<RefusalRecord>))]
[JsonSerializable(typeof(Finding))]
[JsonSerializable(typeof(IReadOnlyList<Finding>))]
[JsonSerializable(typeof(RoleFindings))]
[JsonSerializable(typeof(DiagnosisRequest))]
[JsonSerializable(typeof(HostDiagnosis))]
public sealed partial class ContractsJson : JsonSerializerContext;

/// <summary>Enumerations as kebab-case names; numbers are not read.</summary>
public sealed class KebabCaseEnumConverter() : JsonConverterFactory
{
    private static readonly JsonStringEnumConverter Inner = new(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false);

    public override bool CanConvert(Type typeToConvert) => Inner.CanConvert(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) => Inner.CreateConverter(typeToConvert, options);
}

/// <summary>The kebab-case name of an enumeration's value: a reason code, a status, a problem's code.</summary>
public static class KebabCase
{
    public static string Of<T>(T value)
        where T : struct, Enum
        => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
