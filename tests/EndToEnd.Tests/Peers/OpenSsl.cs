namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>The openssl program: a verifier with nothing of ours in it.</summary>
public static class OpenSsl
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(20);

    public static Task<ProcessResult> RunAsync(CancellationToken cancellation, params string[] arguments) =>
        PeerProcess.RunAsync("openssl", arguments, Time, cancellation);

    /// <summary>Verifies the first certificate of a PEM chain against a root; the rest of the chain may help, untrusted.</summary>
    public static Task<ProcessResult> VerifyAsync(string rootPath, string chainPath, CancellationToken cancellation, params string[] more) =>
        RunAsync(cancellation, ["verify", "-CAfile", rootPath, "-no-CApath", "-untrusted", chainPath, .. more, chainPath]);
}
