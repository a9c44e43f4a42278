namespace AgentGrid.TestKit;

/// <summary>How long a test waits for what must happen. Reached only when something is wrong.</summary>
public static class Limits
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static async Task WithinAsync(Task task, Func<string> what)
    {
        try
        {
            await task.WaitAsync(Patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Waited {Patience.TotalSeconds} s for {what()}.", e);
        }
    }

    /// <summary>Asks again and again until the answer is yes; for states of which nobody is told.</summary>
    public static Task UntilAsync(Func<bool> condition, Func<string> state) =>
        EventuallyAsync(() => ValueTask.FromResult(condition()), () => ValueTask.FromResult(state()));

    /// <inheritdoc cref="UntilAsync(Func{bool}, Func{string})"/>
    public static Task UntilAsync(Func<Task<bool>> condition, Func<string> state) =>
        EventuallyAsync(async () => await condition(), () => ValueTask.FromResult(state()));

    /// <inheritdoc cref="UntilAsync(Func{bool}, Func{string})"/>
    public static async Task EventuallyAsync(Func<ValueTask<bool>> condition, Func<ValueTask<string>> state)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Waited {Patience.TotalSeconds} s; it stayed: {await state()}");
            }
            await timer.WaitForNextTickAsync();
        }
    }
}
