using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Driving;

public sealed class RunQueueTests
{
    private readonly List<string> _started = [];
    private readonly List<Run> _running = [];

    [Fact]
    public void Leave_WhileItWaits_ItIsNeverStartedAndNotCounted()
    {
        var admission = new RunQueue(1);
        var first = Enter(admission, "first");
        var gone = Enter(admission, "gone");
        var next = Enter(admission, "next");

        admission.Leave(gone);
        admission.Leave(gone);

        Assert.Equal((1, 1), (admission.Active, admission.Waiting));
        admission.Leave(first);
        Assert.Equal(["first", "next"], _started);
        admission.Leave(next);
        Assert.Equal((0, 0), (admission.Active, admission.Waiting));
    }

    [Fact]
    public void Leave_WhileItWaits_ItsTenantDoesNotLoseItsTurn()
    {
        var admission = new RunQueue(1);
        var first = Enter(admission, "first");
        var gone = Enter(admission, "gone", tenant: "a");
        var a = Enter(admission, "a", tenant: "a");
        Enter(admission, "b", tenant: "b");

        admission.Leave(gone);
        admission.Leave(first);
        admission.Leave(a);

        Assert.Equal(["first", "a", "b"], _started);
    }

    [Fact]
    public void Leave_SeveralTenantsWait_TheyTakeTurnsAndOneThatComesAgainGoesBehind()
    {
        var admission = new RunQueue(1);
        var active = Enter(admission, "first");
        foreach (var tenant in new[] { "a", "a", "a", "b", "c" })
        {
            Enter(admission, tenant, tenant);
        }

        for (var i = 0; i < 6; i++)
        {
            if (i == 2)
            {
                Enter(admission, "b", "b");
            }
            admission.Leave(active);
            active = _running[^1];
        }

        Assert.Equal(["first", "a", "b", "c", "a", "b", "a"], _started);
    }

    [Fact]
    public void Enter_AfterItHasLeft_WaitsBehindTheOthers()
    {
        var admission = new RunQueue(1);
        var first = Enter(admission, "first");
        var again = Enter(admission, "again");
        var other = Enter(admission, "other");

        admission.Leave(again);
        admission.Enter(again);
        admission.Leave(first);
        admission.Leave(other);

        Assert.Equal(["first", "other", "again"], _started);
        Assert.True(admission.Holds(again));
    }

    [Fact]
    public void AnySequence_PlacesAndWaitersAreCountedOnce()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var most = random.Next(1, 4);
            var admission = new RunQueue(most);
            var (active, waiting) = (new HashSet<Run>(), new HashSet<Run>());
            string? AnyTenant() => random.Next(3) == 0 ? null : $"t{random.Next(2)}";
            var runs = Enumerable.Range(0, 10)
                .Select(i => new Run($"{i}", random.Next(2), AnyTenant(), OnStart)).ToArray();
            for (var step = 0; step < 200; step++)
            {
                var run = runs[random.Next(runs.Length)];
                switch (random.Next(7))
                {
                    case 0:
                        waiting.Remove(run);
                        active.Add(run);
                        admission.Reenter(run);
                        break;
                    case < 4:
                        if (!active.Contains(run))
                        {
                            waiting.Add(run);
                        }
                        admission.Enter(run);
                        break;
                    default:
                        active.Remove(run);
                        waiting.Remove(run);
                        admission.Leave(run);
                        break;
                }
                var where = $"seed {seed}, step {step}";
                Assert.True((active.Count, waiting.Count) == (admission.Active, admission.Waiting), where);
                Assert.True(runs.All(r => admission.Holds(r) == active.Contains(r)), where);
                Assert.True(waiting.Count == 0 || active.Count >= most, $"{where}: a run waits, and there is a place");
            }

            void OnStart(Run run)
            {
                if (active.Contains(run))
                {
                    return;
                }
                Assert.True(waiting.Remove(run), $"seed {seed}: {run.Name} starts, and did not wait");
                Assert.True(active.Count < most, $"seed {seed}: {run.Name} starts without a place");
                Assert.True(
                    waiting.All(w => w.Priority <= run.Priority), $"seed {seed}: one before {run.Name} waits");
                active.Add(run);
            }
        }
    }

    [Fact]
    public void Enter_OthersOfItsGroupAreThere_WaitsAndKeepsNobodyWaiting()
    {
        var admission = new RunQueue(2);
        var a1 = Enter(admission, "a1", group: Group("a", 1));
        var a2 = Enter(admission, "a2", group: Group("a", 2));
        Enter(admission, "a3", group: Group("a", 3));
        Enter(admission, "b1", group: Group("b", 4));
        Enter(admission, "none");
        Assert.Equal(["a1", "b1"], _started);

        // It only waits: its place goes to the next, and it counts on.
        admission.StepAside(a1);
        Assert.Equal(["a1", "b1", "none"], _started);
        admission.Leave(_running[1]);
        Assert.Equal(3, _started.Count);
        admission.Leave(a1);
        Assert.Equal(["a1", "b1", "none", "a2"], _started);
        admission.Leave(a2);
        Assert.Equal("a3", _started[^1]);
        admission.Leave(_running[^1]);
        admission.Leave(_running[2]);
        Assert.Equal((0, 0, 0), (admission.Active, admission.Waiting, admission.Counted));
    }

    [Fact]
    public void Reenter_AndStepAside_CountInTheirGroup()
    {
        var admission = new RunQueue(9);
        var resumed = new Run("resumed", 0, null, _ => { }) { Group = Group("a", 1) };
        var aside = new Run("aside", 0, null, _ => { }) { Group = Group("b", 2) };
        admission.Reenter(resumed);
        admission.StepAside(aside);

        Enter(admission, "a", group: Group("a", 3));
        Enter(admission, "b", group: Group("b", 4));
        Assert.Empty(_started);
        Assert.True(admission.CountsInGroup(aside) && !admission.Holds(aside));
        admission.Leave(aside);
        admission.Leave(resumed);
        Assert.Equal(["b", "a"], _started);
    }

    [Fact]
    public void Reserve_GroupIsFull_NamesOneInTheWay()
    {
        var admission = new RunQueue(9);
        var first = new Run("first", 0, null, r => _started.Add(r.Name)) { Group = Group("a", 1) };
        Assert.Null(admission.Reserve(first));

        var second = new Run("second", 0, null, r => _started.Add(r.Name)) { Group = Group("a", 2) };
        Assert.Equal(first.Group, admission.Reserve(second));
        admission.Leave(first);
        Assert.Null(admission.Reserve(second));
        admission.Enter(second);
        Assert.Equal(["second"], _started);
    }

    [Fact]
    public void Enter_TakesThePlaceOfOthers_TellsThemUntilTheyHaveLeft()
    {
        var admission = new RunQueue(9);
        var started = Enter(admission, "started", group: Group("a", 1, ConcurrencyPolicy.Replace));
        var newest = Enter(admission, "newest", group: Group("a", 3, ConcurrencyPolicy.Replace));
        var late = Enter(admission, "late", group: Group("a", 2, ConcurrencyPolicy.Replace));

        admission.Enter(newest);
        Assert.Equal([newest.Group, newest.Group], started.Yields.Where(y => y == newest.Group));
        Assert.Contains(newest.Group, late.Yields);
        Assert.Empty(newest.Yields);
        admission.Leave(started);
        Assert.Equal(["started", "newest"], _started);
        admission.Leave(newest);
        Assert.Equal("late", _started[^1]); // nobody takes its place any more
    }

    private static GroupPlace Group(string name, int at, ConcurrencyPolicy policy = ConcurrencyPolicy.Queue) => new(
        RunId.From(new Guid(at, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), name, 1, policy, DateTimeOffset.UnixEpoch.AddSeconds(at));

    private Run Enter(RunQueue admission, string name, string? tenant = null, GroupPlace? group = null)
    {
        var run = new Run(name, 0, tenant, r =>
        {
            _started.Add(r.Name);
            _running.Add(r);
        })
        { Group = group };
        admission.Enter(run);
        return run;
    }

    private sealed class Run(string name, int priority, string? tenant, Action<Run> onStart) : IQueuedRun
    {
        public string Name { get; } = name;
        public int Priority { get; } = priority;
        public string? Tenant { get; } = tenant;
        public GroupPlace? Group { get; init; }

        /// <summary>To whom it is to yield, again and again.</summary>
        public List<GroupPlace> Yields { get; } = [];

        public void Start() => onStart(this);

        public void YieldTo(GroupPlace other) => Yields.Add(other);
    }
}
