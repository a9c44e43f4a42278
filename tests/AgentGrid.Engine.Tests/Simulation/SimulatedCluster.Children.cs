using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Tests.Simulation;

internal sealed partial class SimulatedCluster
{
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(3);

    /// <summary>How many runs were the work of attempts of others.</summary>
    public int Children => Store.Runs.Count(r => Store[r].Parent is not null);

    /// <summary>Where a run is driven, or somebody who can; null when nobody is there.</summary>
    public SimulatedSilo? SiloFor(RunId run) =>
        _silos.Find(s => IsThere(s) && s.Drives(run)) ?? Pick(_silos.Where(IsThere));

    // Plans that others call. The second calls the first.
    private static Plan[] PlansOf(Random random, bool groups)
    {
        Plan Make(string name, params string[] calls) => PlanReader.ReadJson(name, RandomPlan.Make(random, 2, groups, calls)).Plan!;
        return [Make("child0"), Make("child1", "child0")];
    }

    private void LookAfterChildren()
    {
        if (Pick(_silos.Where(s => IsThere(s) && !s.Registry.IsEmpty)) is { } silo)
        {
            _ = silo.Registry.CancelOrphansAsync(silo.Children);
        }
        foreach (var child in Store.Runs.Select(r => Store[r]).Where(static r => r.Parent is not null && !r.Status.IsEnded()))
        {
            var attempt = AttemptOf(child.Parent!);
            _world.Check(
                attempt?.EndedAt is not { } at || !_world.WasWellFor(s_soon, at),
                $"{child.Id} goes on, and its parent has not waited for it since {attempt?.EndedAt:HH:mm:ss}");
        }
    }

    // What children came to is what their parents have; of each attempt there is one at most.
    private void CheckChildren()
    {
        foreach (var child in Store.Runs.Select(r => Store[r]).Where(static r => r.Parent is not null))
        {
            _world.Check(
                AttemptOf(child.Parent!) is not null && child.Parent!.ChildId == child.Id && Store.Find(child.Parent.ChildKey) == child.Id,
                $"{child.Id} is the child of {child.Parent}, which does not know it");
        }
        foreach (var parent in Store.Runs.Select(r => Store[r]).Where(static r => r.Plan.CallsPlans))
        {
            foreach (var (step, attempt) in parent.Steps.Where(static s => s.Step.Plan is not null).SelectMany(s => s.Attempts.Select(a => (s, a))))
            {
                var id = parent.ChildOf(step, attempt)!.ChildId;
                var child = Store.Has(id) ? Store[id] : null;
                _world.Check(
                    attempt.Status != AttemptStatus.Succeeded
                        || (child?.Status == RunStatus.Completed && child.Result!.Equals(attempt.Output)),
                    $"attempt {attempt.Number} of step '{step.Id}' of {parent.Id} succeeded, and its run {id} is {child?.Status}");
                _world.Check(
                    attempt.Status != AttemptStatus.Failed || child?.Status is RunStatus.Failed or RunStatus.Cancelled
                        || (attempt.Error!.Code == ErrorCodes.ChildRefused && Config.Plans[step.Step.Plan!].Settings.Concurrency is { Policy: ConcurrencyPolicy.Reject }),
                    $"attempt {attempt.Number} of step '{step.Id}' of {parent.Id} failed, and its run {id} is {child?.Status}: {attempt.Error}");
            }
        }
    }

    private AttemptState? AttemptOf(ParentRun parent) => Store[parent.Run][parent.Step].Attempts.ElementAtOrDefault(parent.Attempt - 1);
}
