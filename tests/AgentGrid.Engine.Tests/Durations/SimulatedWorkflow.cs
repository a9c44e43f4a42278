using System.Collections.Immutable;
using AgentGrid.Bench.Workflow;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Durations;

/// <summary>Runs of one workflow on a virtual clock, through the run machine and the slot table, with nothing else beside them.</summary>
/// <param name="timeout">What the plan says of how long a task may take, in milliseconds.</param>
internal sealed class SimulatedWorkflow(WorkflowInstance workflow, int slots, Func<WorkflowTask, double> timeout)
{
    private const string Agent = "worker";

    public Plan Plan { get; } = PlanReader.ReadJson(workflow.Name, Json.From(new
    {
        Timeout = "9d",
        Steps = workflow.Tasks.ToDictionary(t => t.Id, t => new
        {
            Agent,
            Needs = t.Parents.Select(p => workflow.Tasks[p].Id),
            Timeout = $"{(long)Math.Ceiling(timeout(t))}ms",
        }),
    })).Plan!;

    private DateTimeOffset _now = ObservedRun.Start;

    /// <summary>Runs it, and learns from it what can be learned.</summary>
    /// <param name="learned">By what is known in here; null for another order.</param>
    /// <param name="rank">The other order: which step of those that wait goes first, the higher; null for timeouts.</param>
    /// <param name="ms">How long a task takes this time.</param>
    /// <returns>The milliseconds from its start to its end.</returns>
    public double Run(LearnedDurations? learned, Func<WorkflowTask, double>? rank, Func<WorkflowTask, double> ms)
    {
        var table = new SlotTable();
        table.PutNode(new NodeState { Name = "node" });
        table.Configure(new GridConfig
        {
            Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty.Add(
                Agent, new AgentConfig { Name = Agent, MaxConcurrency = slots, Timeout = TimeSpan.FromDays(8) }),
        });
        var state = new RunState(Plan);
        var run = new OneRun(table, state, learned?.Of(state), rank, ms, workflow, _now);
        _now = run.ToTheEnd();
        Assert.Equal(RunStatus.Completed, state.Status);
        return (state.EndedAt!.Value - state.StartedAt!.Value).TotalMilliseconds;
    }

    private sealed class OneRun(
        SlotTable table, RunState state, PlanDurations? learned, Func<WorkflowTask, double>? rank, Func<WorkflowTask, double> ms,
        WorkflowInstance workflow, DateTimeOffset start) : IRoutingView
    {
        private readonly Dictionary<string, WorkflowTask> _tasks = workflow.Tasks.ToDictionary(t => t.Id);
        private readonly Dictionary<string, TakenSlot> _held = [];
        private readonly PriorityQueue<string, (DateTimeOffset, long)> _ends = new();
        private readonly Queue<RunInput> _granted = new();
        private StepOrder? _order;
        private bool _hasOrder;
        private DateTimeOffset _now = start;
        private long _count;

        public DateTimeOffset ToTheEnd()
        {
            RunMachine.Evolve(state, new RunEvent.RunAccepted(
                RunId.From(Guid.CreateVersion7(_now)), "m", "1", state.Plan.Name, state.Plan.Version, Json.EmptyObject, Seed: 1)
            { Time = _now });
            Turn(RunInput.StartRun.Instance);
            while (_ends.TryDequeue(out var step, out var at))
            {
                _now = at.Item1;
                // As the engine does: what follows has asked before anybody else is served.
                var serves = table.Free(_held[step]);
                Turn(new RunInput.CompleteAttempt(step, 1, Json.EmptyObject));
                if (serves)
                {
                    table.Serve();
                }
                while (_granted.TryDequeue(out var granted))
                {
                    Turn(granted);
                }
            }
            return _now;
        }

        public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) => table.Offering(capabilities);

        public AgentLoad? Named(string agent) => table.Named(agent);

        public string? TryReserve(string agent, string step, int attempt)
        {
            if (table.TryTake(agent) is not { } slot)
            {
                return null;
            }
            _held[step] = slot;
            return slot.Node;
        }

        public Urgency? UrgencyOf(int step)
        {
            if (learned is null)
            {
                return rank is null ? null : new Urgency(UrgencyKind.LongestPath, rank(_tasks[state.Plan.Steps[step].Id]));
            }
            if (!_hasOrder)
            {
                (_order, _hasOrder) = (learned.Order(this), true);
            }
            return _order?.Of(step);
        }

        private void Turn(RunInput input)
        {
            foreach (var e in RunMachine.Decide(state, input, _now, this, RunLimits.Default).Events)
            {
                learned?.Record(state, e);
                if (e is RunEvent.AttemptStarted started)
                {
                    _ends.Enqueue(started.Step, (_now + TimeSpan.FromMilliseconds(ms(_tasks[started.Step])), _count++));
                }
                else if (e is RunEvent.AttemptQueued queued)
                {
                    var index = state.Plan.IndexOf(queued.Step);
                    table.Wait(new SlotRequest(Agent, 0, state.Deadline, new Waiter(this, queued.Step))
                    {
                        LongestPath = UrgencyOf(index)?.Rank ?? state.Plan.LongestPaths[index],
                    });
                }
            }
        }

        private sealed class Waiter(OneRun run, string step) : ISlotWaiter
        {
            public void OnGranted(TakenSlot slot)
            {
                run._held[step] = slot;
                run._granted.Enqueue(new RunInput.GrantSlot(step, 1, slot.Node));
            }

            public void OnDrained() => throw new InvalidOperationException("Nothing is drained.");

            public void OnAgentGone() => throw new InvalidOperationException("The agent stays.");
        }
    }
}
