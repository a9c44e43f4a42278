using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Children;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>Asks whoever drives a child, or would: what is asked and what is answered gets lost, or comes late.</summary>
internal sealed class SimulatedChildren(World world, SimulatedSilo silo) : IChildRunHost
{
    private const double Patience = 20;

    public ValueTask<SubmitResult> SubmitAsync(SubmitRun submit) => AskAsync<SubmitResult>(
        $"{submit.Key} is posted", submit.Parent!.ChildId, new SubmitResult.Unavailable("lost"), s => s.Registry.SubmitAsync(submit));

    public ValueTask<ChildEnd?> WaitForEndAsync(RunKey key, RunId run) => AskAsync<ChildEnd?>(
        $"{SimulatedStore.Short(run)} is waited for", run, null, s => s.Registry.WaitForEndAsync(run, Timeout.InfiniteTimeSpan));

    public ValueTask<bool> CancelAsync(RunKey key, RunId run, string reason) => world.Mistake == Mistake.ForgetsChildren
        ? ValueTask.FromResult(true)
        : AskAsync($"{SimulatedStore.Short(run)} is not wanted any more", run, false, async s =>
            await s.Registry.CommandAsync(run, new RunCommand.Cancel(reason)) is not CommandResult.Unavailable);

    public ValueTask<bool?> IsWantedAsync(ParentRun parent) => world.Mistake == Mistake.ForgetsChildren
        ? ValueTask.FromResult<bool?>(true)
        : AskAsync<bool?>(
            $"is {parent.Step}/{parent.Attempt} of {SimulatedStore.Short(parent.Run)} open?", parent.Run, null,
            async s => await s.Registry.IsOpenAsync(parent.Run, parent.Step, parent.Attempt));

    private ValueTask<T> AskAsync<T>(string what, RunId run, T unknown, Func<SimulatedSilo, ValueTask<T>> ask)
    {
        var answer = new TaskCompletionSource<T>();
        void Lose() => answer.TrySetResult(unknown);
        if (silo.Cluster.SiloFor(run) is { } other)
        {
            silo.Send(what, other, () =>
            {
                var task = ask(other).AsTask();
                other.Platform.When(task, () => silo.Answer(
                    $"{what}: answered", () => answer.TrySetResult(task.IsCompletedSuccessfully ? task.Result : unknown), Lose));
            }, Lose);
        }
        silo.After(Patience, Lose);
        return new ValueTask<T>(silo.Platform.Wait(answer.Task));
    }
}
