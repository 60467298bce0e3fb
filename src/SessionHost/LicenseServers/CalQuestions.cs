using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>Asks the license servers for a Device CAL.</summary>
internal sealed class CalQuestions(Passes passes, Servers servers, SessionHostOptions options)
{
    /// <summary>All servers together have <see cref="SessionHostOptions.AskTime"/>.</summary>
    /// <param name="device">What the client claims.</param>
    /// <param name="presented">The CAL that speaks for it, in its stored form.</param>
    /// <param name="issuer">Who issued that CAL: asked first.</param>
    /// <param name="cancellation">The connection's.</param>
    public async Task<ServerReply> AskAsync(DeviceClaim device, byte[]? presented, KeyFingerprint? issuer, CancellationToken cancellation)
    {
        var reply = await passes.AskAsync(
            issuer, options.AskTime,
            (link, pass, token) => servers.Current(link).RequestDeviceCalAsync(new(Guid.CreateVersion7(), device, presented, pass), token),
            answer => answer.Granted is not null,
            cancellation).ConfigureAwait(false);
        return reply switch
        {
            PassesReply<DeviceCalAnswer>.Granted granted => new ServerReply.Granted(granted.Server.Fingerprint, granted.Answer.Granted!, granted.Answer.Head.Number),
            PassesReply<DeviceCalAnswer>.Refused refused => new ServerReply.Refused(
                refused.Server.Address.AbsoluteUri, refused.Answer.Refused!.Value, refused.Answer.Detail, refused.SilentServers, refused.Detail),
            PassesReply<DeviceCalAnswer>.Silent silent => new ServerReply.Silent(silent.Detail),
            _ => new ServerReply.NoneConfigured(),
        };
    }
}
