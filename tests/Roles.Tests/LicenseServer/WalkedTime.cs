using Microsoft.Extensions.Time.Testing;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>
/// A machine's clock that a test moves. It walks in steps that a license server believes, as a machine's does while the role runs; <see cref="LeapTo"/>
/// is what an administrator or a broken battery does to it.
/// </summary>
internal sealed class WalkedTime(DateTimeOffset begin, Action look) : FakeTimeProvider(begin)
{
    private static readonly TimeSpan Step = TimeSpan.FromDays(1);

    public new void Advance(TimeSpan by) => SetUtcNow(GetUtcNow() + by);

    public new void SetUtcNow(DateTimeOffset time)
    {
        while (time - GetUtcNow() > Step)
        {
            base.SetUtcNow(GetUtcNow() + Step);
            look();
        }

        base.SetUtcNow(time);
        look();
    }

    public void LeapTo(DateTimeOffset time) => base.AdjustTime(time);
}
