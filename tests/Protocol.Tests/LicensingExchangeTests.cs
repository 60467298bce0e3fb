using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>The exchange as scripts: what a client of either form says, what the driver decides, what comes of it.</summary>
public sealed class LicensingExchangeTests
{
    private static readonly byte[] License = [.. "-----BEGIN CERTIFICATE-----"u8];
    private static readonly byte[] Old = [1, 2, 3, 4];

    public static TheoryData<ClientForm> Forms => [ClientForm.FreeRdp, ClientForm.Rdesktop];

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_client_without_license_is_challenged_asked_about_and_given_a_new_license(ClientForm form)
    {
        var options = new LicensingClientOptions { Form = form, UserName = "bob", MachineName = "LAPTOP-7" };
        var client = new LicensingClientScript(options);

        var run = ExchangeScripts.Run(client, _ => new LicenseDecision.Granted(License));

        Assert.Equal(["LicenseRequest", "PlatformChallenge", "NewLicense"], run.Sent);
        Assert.Equal(ExchangeEnd.NewLicense, run.Finish!.End);
        Assert.True(run.Finish.Admitted);
        var question = Assert.IsType<LicenseQuestion.Full>(Assert.Single(run.Questions));
        Assert.Equal(options.HardwareId, question.HardwareId);
        Assert.Equal("bob", question.UserName);
        Assert.Equal("LAPTOP-7", question.MachineName);
        Assert.Null(question.PresentedLicense);
        Assert.Equal(form == ClientForm.FreeRdp ? 0x0401_0000u : 0xFF01_0000u, question.PlatformId);
        Assert.Equal(form == ClientForm.FreeRdp ? LicensingClientType.Other : LicensingClientType.Unknown, question.ClientType);
        Assert.Equal(LicensingClientEnd.NewLicense, client.End);
        Assert.Equal(License, client.StoredLicense);
    }

    [Fact]
    public void The_license_names_the_product_of_the_request_or_the_client_would_not_find_it_again()
    {
        var client = new LicensingClientScript(new());

        _ = ExchangeScripts.Run(client, _ => new LicenseDecision.Granted(License));

        Assert.Equal(new ProductInfo(0x000A_0000, "Ostiary", "A02"), client.RequestedProduct);
        Assert.Equal(client.RequestedProduct, client.Issued!.Product);
        Assert.Equal("ostiary.example", client.Issued.Scope);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_presented_license_that_will_do_ends_without_a_challenge(ClientForm form)
    {
        var options = new LicensingClientOptions { Form = form, StoredLicense = Old };
        var client = new LicensingClientScript(options);

        var run = ExchangeScripts.Run(client, _ => new LicenseDecision.Accepted());

        Assert.Equal(["LicenseRequest", "ErrorAlert"], run.Sent);
        Assert.Equal(ExchangeEnd.ValidClient, run.Finish!.End);
        Assert.True(run.Finish.Admitted);
        var question = Assert.IsType<LicenseQuestion.Presented>(Assert.Single(run.Questions));
        Assert.Equal(Old, question.License);
        Assert.Equal(options.HardwareId, question.HardwareId);
        Assert.Equal(form == ClientForm.FreeRdp ? 0x0401_0000u : 0x0201_0000u, question.PlatformId);
        Assert.Equal(LicensingClientEnd.ValidClient, client.End);
        Assert.Equal(Old, client.StoredLicense);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_presented_license_that_will_not_do_is_upgraded_after_a_challenge(ClientForm form)
    {
        var client = new LicensingClientScript(new() { Form = form, StoredLicense = Old });

        var run = ExchangeScripts.Run(client, ChallengeThen(new LicenseDecision.Granted(License)));

        Assert.Equal(["LicenseRequest", "PlatformChallenge", "UpgradeLicense"], run.Sent);
        Assert.Equal(ExchangeEnd.UpgradeLicense, run.Finish!.End);
        var question = Assert.IsType<LicenseQuestion.Full>(run.Questions[1]);
        Assert.Equal(Old, question.PresentedLicense);
        Assert.Null(question.UserName);
        Assert.Null(question.MachineName);
        Assert.Equal(License, client.StoredLicense);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Admission_without_a_license_leaves_the_clients_store_alone(bool presents)
    {
        var client = new LicensingClientScript(new() { StoredLicense = presents ? Old : null });

        var run = ExchangeScripts.Run(client, ChallengeThen(new LicenseDecision.Granted(null)));

        Assert.Equal(["LicenseRequest", "PlatformChallenge", "ErrorAlert"], run.Sent);
        Assert.Equal(ExchangeEnd.ValidClient, run.Finish!.End);
        Assert.Equal(presents ? Old : null, client.StoredLicense);
    }

    [Theory]
    [InlineData(true, LicensingErrorCode.InvalidClient, ErrorInfoCode.NoLicense)]
    [InlineData(true, LicensingErrorCode.NoLicenseServer, ErrorInfoCode.NoLicenseServer)]
    [InlineData(false, LicensingErrorCode.InvalidClient, ErrorInfoCode.NoLicense)]
    public void A_refusal_shows_its_text_if_the_client_can_then_aborts_then_disconnects(
        bool errorInfo, LicensingErrorCode alert, ErrorInfoCode code)
    {
        var client = new LicensingClientScript(new());

        var run = ExchangeScripts.Run(client, _ => new LicenseDecision.Refused(alert, code), errorInfo: errorInfo);

        string[] refusal = errorInfo ? ["SetErrorInfo", "ErrorAlert", "DisconnectProviderUltimatum"] : ["ErrorAlert", "DisconnectProviderUltimatum"];
        Assert.Equal(["LicenseRequest", "PlatformChallenge", .. refusal], run.Sent);
        Assert.Equal(errorInfo ? code : null, run.ErrorInfo);
        Assert.Equal(LicensingClientEnd.Refused, client.End);
        Assert.Equal(alert, client.Alert);
        Assert.Equal(ExchangeEnd.Refused, run.Finish!.End);
        Assert.False(run.Finish.Admitted);
    }

    [Fact]
    public void A_presented_license_can_be_refused_without_a_challenge()
    {
        var client = new LicensingClientScript(new() { StoredLicense = Old });

        var run = ExchangeScripts.Run(client, _ => new LicenseDecision.Refused(LicensingErrorCode.InvalidClient, ErrorInfoCode.BadClientLicense));

        Assert.Equal(["LicenseRequest", "SetErrorInfo", "ErrorAlert", "DisconnectProviderUltimatum"], run.Sent);
        Assert.Equal(ErrorInfoCode.BadClientLicense, run.ErrorInfo);
    }

    [Fact]
    public void Waived_licensing_is_one_alert_and_done()
    {
        var outputs = ExchangeScripts.Create().Step(new ExchangeInput.Waive());

        Assert.Equal(
            "03000023" + "02F080" + "68000603EB708014" + "80000000" + "FF031000" + "07000000" + "02000000" + "04000000",
            Convert.ToHexString(Assert.IsType<ExchangeOutput.Send>(outputs[0]).Frame));
        Assert.True(Assert.IsType<ExchangeOutput.Finish>(outputs[1]).Admitted);
        Assert.Equal(2, outputs.Count);
    }

    [Fact]
    public void The_bytes_of_a_refusal_are_those_that_clients_were_seen_to_understand()
    {
        var exchange = ExchangeScripts.Started(out var request);
        var client = new LicensingClientScript(new() { StoredLicense = Old });
        _ = exchange.Step(ExchangeScripts.Received(client.Answer(request)));

        var outputs = exchange.Step(new ExchangeInput.Decided(new LicenseDecision.Refused(LicensingErrorCode.NoLicenseServer, ErrorInfoCode.NoLicenseServer)));

        Assert.Equal(
            [
                "03000025" + "02F080" + "68000603EB708016" + "16001700EA0300000000000104002F000000" + "01010000",
                "03000023" + "02F080" + "68000603EB708014" + "80000000" + "FF031000" + "06000000" + "01000000" + "04000000",
                "0300000902F0802180",
            ],
            outputs.OfType<ExchangeOutput.Send>().Select(send => Convert.ToHexString(send.Frame)));
    }

    [Fact]
    public void A_challenge_is_ten_fresh_bytes_encrypted_and_the_server_random_is_the_given_one()
    {
        _ = ExchangeScripts.Started(out var request);

        var message = Assert.IsType<LicenseRequest>(request.Message);
        Assert.Equal(ExchangeScripts.Random.ServerRandom.ToArray(), message.ServerRandom);
        Assert.Equal(0, request.PreambleFlags & LicensingPreamble.ExtendedErrorSupported);
        Assert.NotEmpty(message.ServerCertificate.Data);
        Assert.Equal(10, ExchangeScripts.Random.Challenge.Length);
    }

    [Fact]
    public void The_longest_license_goes_through_and_comes_back()
    {
        var longest = new byte[Limits.IssuedLicense];
        longest[^1] = 7;
        var client = new LicensingClientScript(new());
        _ = ExchangeScripts.Run(client, _ => new LicenseDecision.Granted(longest));
        Assert.Equal(longest, client.StoredLicense);

        var again = new LicensingClientScript(new() { StoredLicense = client.StoredLicense });
        var run = ExchangeScripts.Run(again, _ => new LicenseDecision.Accepted());

        Assert.Equal(longest, Assert.IsType<LicenseQuestion.Presented>(run.Questions[0]).License);
    }

    [Fact]
    public void Questions_decisions_and_inputs_print_their_type_only()
    {
        var question = new LicenseQuestion.Full(new(1, new byte[16]), 1, "bob", "LAPTOP", Old, LicensingClientType.Other);

        Assert.Equal("Full", question.ToString());
        Assert.Equal("Granted", new LicenseDecision.Granted(License).ToString());
        Assert.Equal("Received", new ExchangeInput.Received(Old).ToString());
        Assert.DoesNotContain("bob", new ExchangeOutput.Ask(question).ToString(), StringComparison.Ordinal);
        Assert.Equal(nameof(ExchangeRandom), ExchangeScripts.Random.ToString());
    }

    private static Func<LicenseQuestion, LicenseDecision> ChallengeThen(LicenseDecision decision) =>
        question => question is LicenseQuestion.Presented ? new LicenseDecision.ChallengeFirst() : decision;
}
