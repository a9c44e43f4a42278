using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Simulation.Grid;
using AgentGrid.Simulation.History;

namespace AgentGrid.Simulation.WhatIf;

/// <summary>
/// Agents that do what the journal says: the attempts of a step and item by the same agent in their order. What it does not
/// say is drawn from what it says of the agent.
/// </summary>
internal sealed class RecordedAgents(AttemptSamples samples, Random random) : IAgentModel
{
    private readonly Dictionary<RunId, RecordedRun> _runs = [];
    private int _recorded;
    private int _sampled;
    private int _cutOff;
    private int _unknown;

    public AnswerCounts Counts => new(_recorded, _sampled, _cutOff, _unknown);

    public void Add(RecordedRun run) => _runs.Add(run.Id, run);

    public void Remove(RunId run) => _runs.Remove(run);

    /// <summary>What the journal has of a run; null for nothing.</summary>
    public RecordedRun? Find(RunState run)
    {
        if (!_runs.TryGetValue(run.Id, out var recorded) && run.Parent is { } parent && FindChild(parent) is { } child)
        {
            _runs.Add(run.Id, recorded = child);
        }
        return recorded;
    }

    /// <summary>The seed of the run of a step; null where the journal has none.</summary>
    public ulong? SeedOf(ParentRun parent) => FindChild(parent)?.Seed;

    // Its id is made of when its attempt began, which is another time now.
    private RecordedRun? FindChild(ParentRun parent) => !_runs.TryGetValue(parent.Run, out var above) ? null
        : above.Children.FirstOrDefault(c => c.Submit.Parent is { } p && p.Step == parent.Step && p.Attempt == parent.Attempt)
            ?? above.Children.LastOrDefault(c => c.Submit.Parent?.Step == parent.Step);

    public SimulatedAnswer Ask(OpenAttempt attempt)
    {
        var (run, step, state) = (attempt.Run, attempt.Step, attempt.State);
        var recorded = Find(run);
        var item = RecordedRun.ItemOf(step, state);
        var before = recorded?.Take(step.Id, item, state.Agent);
        if (before is { IsWhole: true })
        {
            _recorded++;
            return AnswerOf(before, before.Output);
        }
        var timeout = state.Deadline - state.StartedAt!.Value;
        if (before is { Status: AttemptStatus.TimedOut })
        {
            _cutOff++;
            if (timeout <= before.Duration * 1.05) // it would run into the same timeout
            {
                return SimulatedAnswer.Never;
            }
        }
        var worker = recorded?.Last(step.Id, item);
        if (samples.Draw(run.Plan.Name, step.Id, state.Agent, before?.Duration ?? TimeSpan.Zero, random) is { } drawn)
        {
            _sampled += before is { Status: AttemptStatus.TimedOut } ? 0 : 1;
            return AnswerOf(drawn, worker?.Output ?? drawn.Output);
        }
        _unknown++;
        return new SimulatedAnswer(worker?.Duration ?? timeout / 2, worker?.Output ?? Json.EmptyObject, null);
    }

    private static SimulatedAnswer AnswerOf(RecordedAttempt attempt, Json? output) =>
        new(attempt.Duration, attempt.Error is null ? output ?? Json.EmptyObject : null, attempt.Error)
        {
            Tokens = attempt.Tokens,
        };
}
