using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

/// <summary>
/// Waits until replicas have what was kept. All who come while it waits wait together, for the next time: Redis answers nothing
/// else of this connection meanwhile.
/// </summary>
internal sealed class Copies(IDatabase redis, int replicas)
{
    private const int LongestMs = 500;

    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;

    /// <summary>Everything that Redis has answered to this process so far is copied.</summary>
    /// <exception cref="RedisException">It is not known.</exception>
    /// <exception cref="TimeoutException">It is not known.</exception>
    public Task MadeAsync()
    {
        if (replicas == 0)
        {
            return Task.CompletedTask;
        }
        lock (_gate)
        {
            return _next ??= WaitAsync(_running);
        }
    }

    private async Task WaitAsync(Task before)
    {
        await Task.Yield();
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            (_running, _next) = (_next!, null);
        }
        var asked = redis.ExecuteAsync("WAIT", [replicas, LongestMs], RedisAnswer.FromPrimary);
        if ((int)await RedisAnswer.Of(asked).ConfigureAwait(false) is var copies && copies < replicas)
        {
            throw new RedisServerException(
                $"{copies} of {replicas} replicas have what was kept, after {LongestMs} ms (setting Replicas)");
        }
    }
}
