using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>Waits for states of which nobody is told.</summary>
internal static class Until
{
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> state)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        using var limit = new CancellationTokenSource(RedisServer.Patience);
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {RedisServer.Patience.TotalSeconds} s. {state()}");
            await timer.WaitForNextTickAsync();
        }
    }

    public static Task TrueAsync(Func<bool> condition, Func<string> state) =>
        TrueAsync(() => Task.FromResult(condition()), state);
}
