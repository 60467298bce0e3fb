namespace Ostiary.Manager.Servers;

/// <summary>What a page has changed, for the tree beside it. One a page.</summary>
internal sealed class TreeChanges
{
    public event Action? Changed;

    public void Tell() => Changed?.Invoke();
}
