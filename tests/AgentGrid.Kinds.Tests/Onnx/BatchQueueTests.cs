using AgentGrid.Kinds.Http.Tensors;
using AgentGrid.Kinds.Onnx.Batches;
using AgentGrid.Kinds.Onnx.Tensors;
using AgentGrid.TestKit;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>What is computed together, and when.</summary>
public sealed class BatchQueueTests
{
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();

    [Fact]
    public void Take_WithoutDelay_TakesWhatIsThereInItsOrder()
    {
        var queue = new BatchQueue(_time, TimeSpan.Zero);
        PendingRun[] runs = [Run(), Run(), Run()];
        Assert.All(runs, r => Assert.True(queue.TryAdd(r)));
        Assert.Equal(runs[..2], queue.Take(2, default)!.Runs);
        Assert.Equal(runs[2..], queue.Take(2, default)!.Runs);
    }

    [Fact]
    public void Take_OtherShapesAndTypes_WaitForTheNextOne()
    {
        var queue = new BatchQueue(_time, TimeSpan.Zero);
        PendingRun[] runs = [Run(), Run(columns: 3), Run(type: TensorType.INT32), Run(), Run(columns: 3)];
        Assert.All(runs, r => queue.TryAdd(r));
        Assert.Equal([runs[0], runs[3]], queue.Take(8, default)!.Runs);
        Assert.Equal([runs[1], runs[4]], queue.Take(8, default)!.Runs);
        Assert.Equal([runs[2]], queue.Take(8, default)!.Runs);
    }

    [Fact]
    public void Take_CountsRows_AndOneWithMoreIsAlone()
    {
        var queue = new BatchQueue(_time, TimeSpan.Zero);
        PendingRun[] runs = [Run(rows: 3), Run(rows: 2), Run(rows: 9), Run()];
        Assert.All(runs, r => queue.TryAdd(r));
        Assert.Equal([runs[0]], queue.Take(4, default)!.Runs);
        Assert.Equal([runs[1]], queue.Take(4, default)!.Runs);
        Assert.Equal([runs[2]], queue.Take(4, default)!.Runs);
        Assert.Equal([runs[3]], queue.Take(4, default)!.Runs);
    }

    [Fact]
    public async Task Take_WithDelay_WaitsForOthersNoLongerThanThat()
    {
        var queue = new BatchQueue(_time, s_delay);
        var first = Run();
        queue.TryAdd(first);
        var taken = Task.Run(() => queue.Take(4, default));
        await AdvanceUntilAsync(taken);
        Assert.Equal([first], (await taken)!.Runs);
        Assert.InRange(_time.Passed, s_delay, s_delay + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Take_OfAFullBatch_DoesNotWait()
    {
        var queue = new BatchQueue(_time, s_delay);
        queue.TryAdd(Run());
        var taken = Task.Run(() => queue.Take(2, default));
        queue.TryAdd(Run());
        Assert.Equal(2, (await taken.WaitAsync(Limits.Patience))!.Runs.Length);
        Assert.Equal(TimeSpan.Zero, _time.Passed);
    }

    [Fact]
    public async Task Take_WithDelay_KeepsTheTimeThatARunUsuallyTakes()
    {
        var queue = new BatchQueue(_time, s_delay);
        queue.TryAdd(Run(deadline: TimeSpan.FromSeconds(7)));
        var taken = Task.Run(() => queue.Take(4, usual: TimeSpan.FromSeconds(4)));
        await AdvanceUntilAsync(taken);
        Assert.InRange(_time.Passed, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4));
        queue.TryAdd(Run(deadline: TimeSpan.FromSeconds(1)));
        Assert.Single(queue.Take(4, usual: TimeSpan.FromSeconds(4))!.Runs);
    }

    [Fact]
    public async Task Cancel_OfWhatWaits_TakesItOut()
    {
        var queue = new BatchQueue(_time, TimeSpan.Zero);
        PendingRun[] runs = [Run(), Run()];
        Assert.All(runs, r => queue.TryAdd(r));
        queue.Cancel(runs[0]);
        queue.Cancel(runs[0]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runs[0].Done);
        Assert.Equal([runs[1]], queue.Take(8, default)!.Runs);
    }

    [Fact]
    public async Task Cancel_OfOneInABatch_LeavesTheRunAloneUntilAllAre()
    {
        var queue = new BatchQueue(_time, TimeSpan.Zero);
        PendingRun[] runs = [Run(), Run()];
        Assert.All(runs, r => queue.TryAdd(r));
        var batch = queue.Take(8, default)!;
        using var options = new RunOptions();
        batch.Begin(options);
        queue.Cancel(runs[0]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runs[0].Done);
        Assert.False(options.Terminate || batch.IsUnwanted);
        queue.Cancel(runs[1]);
        Assert.True(options.Terminate && batch.IsUnwanted);
        Assert.False(runs[1].Done.IsCompleted); // the model has not stopped yet
    }

    [Fact]
    public void Return_PutsBackInOrderWhatIsStillWanted()
    {
        var queue = new BatchQueue(_time, TimeSpan.Zero);
        PendingRun[] runs = [Run(), Run(), Run(), Run()];
        Assert.All(runs, r => queue.TryAdd(r));
        var batch = queue.Take(3, default)!;
        queue.Cancel(runs[1]);
        queue.Return(batch.Runs);
        Assert.Equal([runs[0], runs[2], runs[3]], queue.Take(8, default)!.Runs);
        Assert.True(queue.Alone(runs[1]).IsUnwanted);
    }

    [Fact]
    public async Task Close_LetsThreadsGoAndTakesNoMore()
    {
        var queue = new BatchQueue(_time, s_delay);
        var taken = Task.Run(() => queue.Take(2, default));
        queue.Close();
        Assert.Null(await taken.WaitAsync(Limits.Patience));
        Assert.False(queue.TryAdd(Run()));
    }

    [Fact]
    public void UsualTime_IsTheMedianOfTheLast()
    {
        var usual = new UsualTime();
        Assert.Equal(TimeSpan.Zero, usual.Median);
        foreach (var seconds in (int[])[100, 1, 2])
        {
            usual.Add(TimeSpan.FromSeconds(seconds));
        }
        Assert.Equal(TimeSpan.FromSeconds(2), usual.Median);
        for (var i = 0; i < 40; i++)
        {
            usual.Add(TimeSpan.FromSeconds(5));
        }
        Assert.Equal(TimeSpan.FromSeconds(5), usual.Median);
    }

    // The other thread sets its timer when it comes to that.
    private async Task AdvanceUntilAsync(Task end)
    {
        while (!end.IsCompleted)
        {
            _time.FireNext();
            await Task.Yield();
        }
    }

    private PendingRun Run(int rows = 1, int columns = 2, TensorType type = TensorType.FP32, TimeSpan? deadline = null) => new(
        [new TensorData(type, [rows, columns], new byte[rows * columns * 4])],
        _time.GetUtcNow() + (deadline ?? TimeSpan.FromHours(1)), _time.GetTimestamp());
}
