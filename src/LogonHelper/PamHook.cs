using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Ostiary.Kernel;

namespace Ostiary.LogonHelper;

/// <summary>
/// The account hook: tells the session host that a person's password was good and asks whether to let them on.
/// While the role is down, only members of the administrators' groups get on.
/// </summary>
internal static partial class PamHook
{
    private const int Admitted = 0, Refused = 1;

    /// <summary>Most bytes of a user's, service's or remote host's name.</summary>
    private const int NameLimit = 256;

    /// <summary>For connecting, asking and the answer together. xrdp 0.9 runs one hook at a time: others wait behind it.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    /// <summary>Seconds until the kernel ends the hook whatever it waits for (a directory, say); PAM takes that as a refusal.</summary>
    private const uint WholeTime = 4;

    /// <summary>Returns the exit status: 0 lets the person on.</summary>
    public static int Run(string socketPath, string[] administrators)
    {
        _ = alarm(WholeTime);

        if (Environment.GetEnvironmentVariable("PAM_TYPE") != "account")
            return Refuse("the hook belongs in the account phase");
        if (Name("PAM_USER") is not { } user)
            return Refuse($"PAM_USER is empty, not UTF-8, or longer than {NameLimit} bytes");
        if (Account.Find(user) is not { } account)
            return Refuse("the account is not known");
        if (Encoding.UTF8.GetByteCount(account.Name) > NameLimit)
            return Refuse($"the account's name is longer than {NameLimit} bytes");

        var administrator = account.IsIn(administrators);
        LogonAnswer answer;
        try
        {
            answer = Ask(socketPath, new LogonReport(account.Name, account.Uid, account.IsLocal, administrator, Name("PAM_SERVICE") ?? "", Name("PAM_RHOST")));
        }
        catch (Exception e) when (e is SocketException or TimeoutException or InvalidDataException or JsonException or ArgumentException)
        {
            return administrator
                ? Admitted
                : Refuse("the session host does not answer; until it does, only administrators are let on");
        }
        return answer.Admit ? Admitted : Refuse(answer.Reason);
    }

    private static LogonAnswer Ask(string socketPath, LogonReport report)
    {
        var deadline = new Deadline(AnswerTime);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.SendTimeout = deadline.Remaining; // Bounds the connect too, when the listener's queue is full.
        socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        Messages.Send(socket, report.ToJson(), deadline);
        var left = TimeSpan.FromMilliseconds(deadline.Remaining);
        var answer = Messages.Receive(socket, Messages.LogonLimit, idle: left, whole: left)
            ?? throw new InvalidDataException("the session host closed without an answer");
        return LogonAnswer.Parse(answer);
    }

    // Undefined bytes arrive as U+FFFD; such a name could be taken for another one.
    private static string? Name(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            && Encoding.UTF8.GetByteCount(value) <= NameLimit && !value.Contains('\uFFFD')
            ? value
            : null;

    // pam_exec passes this line to the log of the service: nothing in it may look like a line of its own.
    private static int Refuse(string reason)
    {
        var plain = reason.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c).Take(NameLimit);
        Console.Out.WriteLine($"ostiary: refused: {string.Concat(plain)}");
        return Refused;
    }

    [LibraryImport("libc")]
    private static partial uint alarm(uint seconds);
}
