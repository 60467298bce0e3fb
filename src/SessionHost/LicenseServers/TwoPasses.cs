using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// The order in which several license servers are asked, and what their answers come to: <c>docs/rules.md</c>, "Several license servers".
/// Pure but for the questions themselves, which the caller asks.
/// </summary>
internal static class TwoPasses
{
    /// <summary>
    /// Asks each server for what takes a seat; those that refused, for anything. The first that grants ends it. A server that was silent is
    /// not asked again. Where there is only one, it is asked for anything at once: a first pass would say nothing more.
    /// </summary>
    /// <param name="servers">In the order in which they are asked.</param>
    /// <param name="ask">Asks one; null when it is silent. Its third argument is how many servers are still to be asked in this pass, this one included.</param>
    /// <param name="grants">Whether an answer grants.</param>
    public static async Task<Outcome<TServer, TAnswer>> RunAsync<TServer, TAnswer>(
        IReadOnlyList<TServer> servers, Func<TServer, AskingPass, int, Task<TAnswer?>> ask, Func<TAnswer, bool> grants)
        where TServer : class
        where TAnswer : class
    {
        var silent = new List<TServer>();
        var left = servers;
        (TServer Server, TAnswer Answer)? refused = null;
        AskingPass[] passes = servers.Count > 1 ? [AskingPass.Permanent, AskingPass.Any] : [AskingPass.Any];
        foreach (var pass in passes)
        {
            refused = null;
            var again = new List<TServer>();
            for (var index = 0; index < left.Count; index++)
            {
                var server = left[index];
                var answer = await ask(server, pass, left.Count - index).ConfigureAwait(false);
                if (answer is null)
                {
                    silent.Add(server);
                    continue;
                }

                if (grants(answer))
                    return new(server, answer, true, silent);
                refused ??= (server, answer);
                again.Add(server);
            }

            left = again;
        }

        return new(refused?.Server, refused?.Answer, false, silent);
    }

    /// <param name="Server">Whose answer it is; null when all are silent.</param>
    /// <param name="Answer">The grant, or the refusal of the first in order that refuses; null when all are silent.</param>
    /// <param name="Granted">Whether it grants.</param>
    /// <param name="Silent">Those that were silent.</param>
    public sealed record Outcome<TServer, TAnswer>(TServer? Server, TAnswer? Answer, bool Granted, IReadOnlyList<TServer> Silent)
        where TServer : class
        where TAnswer : class;
}
