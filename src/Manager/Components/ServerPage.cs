using Microsoft.AspNetCore.Components;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Manager.Servers;
using Ostiary.Manager.SignIn;

namespace Ostiary.Manager.Components;

/// <summary>A page that asks the license server: what goes wrong stands on the page, and nobody who is signed out stays on it.</summary>
public abstract class ServerPage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _closed = new();

    [Inject]
    internal LicenseServerConnection Connection { get; set; } = null!;

    [Inject]
    internal TreeChanges Tree { get; set; } = null!;

    [Inject]
    internal NavigationManager Navigation { get; set; } = null!;

    [Inject]
    public required TimeProvider Clock { get; set; }

    /// <summary>What went wrong last; null when nothing did.</summary>
    protected ProblemException? Problem { get; set; }

    /// <summary>What was done last, for the person to read.</summary>
    protected string? Done { get; set; }

    /// <summary>Something is under way.</summary>
    protected bool Busy { get; private set; }

    /// <summary>The license server that the page is about; null until that is known.</summary>
    private protected ServerAccess? Server { get; private set; }

    /// <summary>The page is gone.</summary>
    protected CancellationToken Closed => _closed.Token;

    /// <summary>What the person may do; the license server checks it again.</summary>
    protected bool CanOperate => Server?.Role >= AccountRole.Operator;

    protected bool CanAdministrate => Server?.Role >= AccountRole.Administrator;

    protected override async Task OnInitializedAsync()
    {
        if (await Connection.PersonAsync() is null)
        {
            Leave();
            return;
        }

        Server = await Connection.SelectedAsync();
        await TryAsync(LoadAsync);
    }

    /// <summary>Loads what the page shows; also after each change.</summary>
    private protected abstract Task LoadAsync(LicenseServerAdministrationClient server);

    /// <summary>How often the page loads anew as long as it is looked at; null where only a person's act does it.</summary>
    protected virtual TimeSpan? Every => null;

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && Every is { } every)
            _ = FollowAsync(every);
    }

    private async Task FollowAsync(TimeSpan every)
    {
        var closed = Closed;
        try
        {
            using var timer = new PeriodicTimer(every, Clock);
            while (await timer.WaitForNextTickAsync(closed))
                await InvokeAsync(async () =>
                {
                    await TryAsync(LoadAsync, Done);
                    StateHasChanged();
                });
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            // The page was closed.
        }
    }

    /// <summary>Does something at the license server.</summary>
    /// <returns>Whether it went well.</returns>
    private protected async Task<bool> TryAsync(Func<LicenseServerAdministrationClient, Task> act, string? done = null)
    {
        Busy = true;
        Problem = null;
        Done = null;
        try
        {
            await act(await Connection.OpenAsync());
            Done = done;
            return true;
        }
        catch (ProblemException problem) when (problem.Problem == LicensingProblem.NotAuthenticated)
        {
            Leave();
            return false;
        }
        catch (ProblemException problem)
        {
            Problem = problem;
            return false;
        }
        catch (OperationCanceledException) when (_closed.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            Busy = false;
        }
    }

    /// <summary>Asks for a part of a list; null where it does not come, and the page says why. What was done last goes on being said.</summary>
    private protected async Task<T?> AskAsync<T>(Func<LicenseServerAdministrationClient, Task<T>> ask)
        where T : class
    {
        T? answer = null;
        await TryAsync(async server => answer = await ask(server), Done);
        await InvokeAsync(StateHasChanged);
        return answer;
    }

    /// <summary>Changes something, and shows what has become of it.</summary>
    private protected async Task<bool> ChangeAsync(Func<LicenseServerAdministrationClient, Task> act, string done)
    {
        if (!await TryAsync(act))
            return false;
        Tree.Tell();
        return await TryAsync(LoadAsync, done);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _closed.Cancel();
        _closed.Dispose();
    }

    private void Leave() => Navigation.NavigateTo(SignInPages.Path + "?to=" + Uri.EscapeDataString(new Uri(Navigation.Uri).PathAndQuery), forceLoad: true);
}
