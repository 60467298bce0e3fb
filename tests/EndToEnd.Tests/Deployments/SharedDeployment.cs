namespace Ostiary.EndToEnd.Tests.Deployments;

/// <summary>
/// A deployment that the tests of a class share, one after the other: setting one up takes longer than most of what is shown with it. Each
/// test brings devices and files of its own names.
/// </summary>
public abstract class SharedDeployment(DeploymentOptions options) : IAsyncLifetime
{
    private Deployment? _running;

    public Deployment Running => _running ?? throw new InvalidOperationException("the deployment was not started");

    public virtual async ValueTask InitializeAsync() => _running = await Deployment.StartAsync(options, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Five Device CALs, a host per device, alice and bob.</summary>
public sealed class UsualDeployment() : SharedDeployment(new());
