using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Simulation.Grid;

namespace AgentGrid.Simulation.Faults;

/// <summary>One seed: some runs of a plan, and what is done to the grid meanwhile.</summary>
/// <param name="kills">What dies, and when.</param>
internal sealed class FaultRun(FaultOptions options, int seed, IReadOnlyList<Kill> kills)
{
    private const int MostSteps = 5_000_000;
    private const string Match = "simulated";
    private static readonly DurationRange s_answer = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly Random _people = new(seed);
    private readonly List<TimelineEntry> _faults = [];
    private SimulatedGrid _grid = null!;
    private DateTimeOffset _start;
    private string? _broken;

    /// <summary>When the last run ended, since the beginning.</summary>
    public TimeSpan End { get; private set; }

    /// <summary>The promise that was broken; null when all were kept.</summary>
    public string? Broken => _broken;

    /// <summary>The runs that were posted, in their order.</summary>
    public ImmutableArray<KeptRun> Runs { get; private set; } = [];

    public ImmutableArray<TimelineEntry> TimelineOf(KeptRun run) => Timeline.Of(run, _faults, _start);

    /// <exception cref="FaultInputException">The runs are refused.</exception>
    public void Run()
    {
        _grid = new SimulatedGrid(new SimulationSetup
        {
            Config = options.Config,
            Nodes = options.Nodes,
            Agents = new MadeUpAgents(options, new Random(seed)),
            Limits = options.Limits,
            Seed = seed,
            KeepsRuns = true,
            Turned = OnTurn,
        })
        {
            LimitBroken = (node, what) => _broken ??= $"On node '{node}', {what}.",
        };
        _start = _grid.Clock.WallTime;
        for (var i = 0; i < options.Runs; i++)
        {
            var round = $"{i + 1}";
            _grid.After(options.Every * i, () => Submit(round));
        }
        foreach (var kill in kills)
        {
            _grid.After(kill.At, () => Die(kill.What));
        }
        var steps = 0;
        while (_broken is null && _grid.Step(TimeSpan.MaxValue))
        {
            _broken = ++steps > MostSteps ? $"After {steps} steps there is still something to do." : _broken;
        }
        Runs = [.. _grid.Runs.Where(static r => r.Last.Parent is null)];
        End = Runs.IsEmpty ? TimeSpan.Zero : Runs.Max(r => (r.Last.EndedAt ?? _grid.Clock.WallTime) - _start);
        _broken ??= Promises.Broken(_grid, options.Config);
    }

    private void Submit(string round)
    {
        if (!_grid.IsUp)
        {
            _grid.After(s_pause, () => Submit(round)); // clients try again
            return;
        }
        var input = options.Input ?? MadeUpValues.Of(options.Config.Plans[options.Plan], "input");
        switch (_grid.Submit(new SubmitRun(new RunKey(Match, round), input, options.Plan)))
        {
            case SubmitResult.Accepted or SubmitResult.GroupFull:
                break;
            case SubmitResult.Invalid(var problems):
                throw new FaultInputException(string.Join(' ', problems.Select(static p => p.Message)));
            case var other:
                throw new InvalidOperationException($"A run was answered with {other}.");
        }
    }

    private void Die(string what)
    {
        if (what == FaultOptions.Process || options.Nodes.Length == 1)
        {
            if (_grid.IsUp)
            {
                Note($"the process dies{(options.Nodes.Length == 1 ? ", and all that runs in it" : "")}");
                _grid.KillProcess();
                _grid.After(options.Back, () =>
                {
                    Note("the process is started again");
                    _grid.StartProcess();
                });
            }
            return;
        }
        if (NodeOf(what) is not { } node)
        {
            return; // all are dead
        }
        Note($"node {node} dies");
        _grid.KillNode(node);
        _grid.After(options.Back, () =>
        {
            Note($"node {node} is back");
            _grid.StartNode(node);
        });
    }

    // Rather one that does something.
    private string? NodeOf(string what)
    {
        var nodes = _grid.Nodes();
        if (what != FaultOptions.AnyNode)
        {
            return nodes.FirstOrDefault(n => n.State.Name == what)?.State.Name;
        }
        string[] busy = [.. nodes.Where(static n => !n.Agents.IsEmpty).Select(static n => n.State.Name)];
        string[] from = busy.Length > 0 ? busy : [.. nodes.Select(static n => n.State.Name)];
        return from.Length == 0 ? null : from[_people.Next(from.Length)];
    }

    private void Note(string what) => _faults.Add(new TimelineEntry(Math.Round(_grid.Clock.Now.TotalSeconds, 3), what, IsFault: true));

    // Somebody answers whatever a step waits for.
    private void OnTurn(RunState run, RunEvent[] events)
    {
        foreach (var waiting in events.OfType<RunEvent.StepWaiting>())
        {
            var (id, wait) = (run.Id, run[waiting.Step].Step.Wait!);
            var data = options.Outputs.GetValueOrDefault(waiting.Step) ?? (wait.Approval is null ? Json.EmptyObject : Json.From(new { Approved = true }));
            var signal = new RunInput.ReceiveSignal(wait.Signal, data, wait.By.FirstOrDefault(), null, wait.Approval is not null);
            Answer(id, signal, s_answer.Draw(_people));
        }
    }

    private void Answer(RunId run, RunInput signal, TimeSpan after) => _grid.After(after, () =>
    {
        if (_grid.IsUp)
        {
            _grid.Post(run, signal);
            return;
        }
        Answer(run, signal, s_pause);
    });
}

/// <summary>Something dies.</summary>
internal readonly record struct Kill(TimeSpan At, string What);

/// <summary>No run can be made of what was given; the message says why.</summary>
public sealed class FaultInputException(string message) : Exception(message);
