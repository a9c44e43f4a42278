namespace AgentGrid.Conformance.Cast;

/// <summary>Holds invocations until the test opens it; then lets everybody through.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Opened => _opened.Task;

    public void Open() => _opened.TrySetResult();

    /// <summary>Waits for the gate, or for the invocation's cancellation.</summary>
    public Task PassAsync(Call call) => Opened.WaitAsync(call.Cancellation);
}
