using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>A stop that does not wait for what runs.</summary>
public sealed class StopTests : IDisposable
{
    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Stop_AgentThatFailsBecauseItIsDisposedOf_TheAttemptIsDeliveredAgain()
    {
        using var started = new SemaphoreSlim(0);
        var end = new TaskCompletionSource();
        GatedGrid? grid = null;
        RunSummary? run = null;
        grid = await GatedGrid.StartAsync(
            _folder.Folder,
            work: async _ =>
            {
                started.Release();
                await end.Task;
            },
            dispose: async () =>
            {
                end.SetException(new InvalidOperationException("it is disposed of"));
                // If anybody still records what comes of attempts, they have the time for it.
                for (var i = 0; i < 100 && grid!.Takes(run!.RunId); i++)
                {
                    await Task.Delay(10);
                }
            });
        run = await grid.AcceptAsync();
        await started.WaitAsync();
        await grid.DisposeAsync();

        await using var next = await GatedGrid.StartAsync(_folder.Folder);
        Assert.Equal(RunStatus.Completed, (await next.EndOfAsync(run)).Status);
    }
}
