using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Grid;
using AgentGrid.Simulation.History;
using AgentGrid.Simulation.Nodes;

namespace AgentGrid.Simulation.WhatIf;

/// <summary>How a journal is replayed.</summary>
public sealed record WhatIfOptions
{
    /// <summary>What is in force instead.</summary>
    public required GridConfig Config { get; init; }

    /// <summary>The nodes; null: those that the first runs of the journal ran on, each for every queue.</summary>
    public ImmutableArray<NodeState>? Nodes { get; init; }

    /// <summary>How many times as fast runs arrive.</summary>
    public double Load { get; init; } = 1;

    /// <summary>How many runs are driven at once.</summary>
    public int MaxActiveRuns { get; init; } = 1_000;

    /// <summary>What is drawn where the journal does not say.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>
/// Replays the runs of a journal through the real run machine, queue, router, slots and placement on a virtual clock: with
/// another configuration, other nodes, another load. No agent is asked.
/// </summary>
public sealed class WhatIfReplay(WhatIfOptions options)
{
    // So many runs are read at once: what is drawn depends on what was read, and so not on how fast that was.
    private const int AtOnce = 2_000;
    private const string DefaultNode = "local";

    private readonly Comparison _comparison = new();
    private AttemptSamples _samples = null!;
    private RecordedAgents _agents = null!;
    private SimulatedGrid _grid = null!;
    private DateTimeOffset? _from;
    private ImmutableArray<NodeState> _nodes = [];
    private int _runs;

    /// <param name="runs">In the order in which they were accepted.</param>
    public async Task<WhatIfReport> RunAsync(IAsyncEnumerable<RecordedRun> runs, CancellationToken cancellationToken)
    {
        var chunks = Channel.CreateBounded<RecordedRun[]>(2);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = Task.Run(() => ReadAsync(runs, chunks.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var chunk in chunks.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                Begin(chunk);
                Array.ForEach(chunk, _samples.Add);
                foreach (var run in chunk)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Arrive(run);
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (_grid?.Step(TimeSpan.MaxValue) == true)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
        return Report();
    }

    private static async Task ReadAsync(IAsyncEnumerable<RecordedRun> runs, ChannelWriter<RecordedRun[]> to, CancellationToken cancellationToken)
    {
        try
        {
            var chunk = new List<RecordedRun>(AtOnce);
            await foreach (var run in runs.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                chunk.Add(run);
                if (chunk.Count == AtOnce)
                {
                    await to.WriteAsync([.. chunk], cancellationToken).ConfigureAwait(false);
                    chunk.Clear();
                }
            }
            if (chunk.Count > 0)
            {
                await to.WriteAsync([.. chunk], cancellationToken).ConfigureAwait(false);
            }
            to.Complete();
        }
        catch (Exception e)
        {
            to.TryComplete(e);
        }
    }

    private void Begin(RecordedRun[] first)
    {
        if (_grid is not null)
        {
            return;
        }
        _from = first[0].AcceptedAt;
        _nodes = options.Nodes ?? NodesOf(first);
        var random = new Random(options.Seed);
        _samples = new AttemptSamples(random);
        _agents = new RecordedAgents(_samples, random);
        _grid = new SimulatedGrid(new SimulationSetup
        {
            Config = options.Config,
            Nodes = _nodes,
            Agents = _agents,
            MaxActiveRuns = options.MaxActiveRuns,
            Start = _from,
            Seed = options.Seed,
            Turned = OnTurn,
            SeedOfChild = _agents.SeedOf,
        });
    }

    private static ImmutableArray<NodeState> NodesOf(RecordedRun[] runs)
    {
        string[] names =
        [
            .. runs.SelectMany(static r => r.Attempts).Select(static a => a.Attempt.Node).Where(static n => n.Length > 0).Distinct()
                .Order(StringComparer.Ordinal),
        ];
        return [.. (names.Length == 0 ? [DefaultNode] : names).Select(static n => new NodeState { Name = n })];
    }

    private void Arrive(RecordedRun run)
    {
        _grid.RunUntil((run.AcceptedAt - _from!.Value) / options.Load);
        _agents.Add(run);
        switch (_grid.Submit(run.Submit, run.Id, run.Seed))
        {
            case SubmitResult.Accepted:
                break;
            case var refused:
                _agents.Remove(run.Id);
                _comparison.Leave(run.Plan, WhyNot(refused));
                return;
        }
        _runs++;
        _comparison.AddRecorded(run);
        if (run.CancelledAfter is { } cancelled)
        {
            _grid.After(cancelled, () => _grid.Post(run.Id, new RunInput.CancelRun("cancelled by request")));
        }
        SendSignals(run.Id, run, step: null);
    }

    private static string WhyNot(SubmitResult refused) => refused switch
    {
        SubmitResult.Invalid(var problems) => problems[0].Message,
        SubmitResult.GroupFull full => full.Message,
        SubmitResult.Conflict or SubmitResult.Replayed => "a run of the same key goes on for longer than it did.",
        _ => $"it would be refused: {refused.GetType().Name}.",
    };

    private void OnTurn(RunState run, RunEvent[] events)
    {
        foreach (var waiting in events.OfType<RunEvent.StepWaiting>())
        {
            if (_agents.Find(run) is { } recorded)
            {
                SendSignals(run.Id, recorded, waiting.Step);
            }
        }
        if (run.Status.IsEnded())
        {
            _comparison.AddSimulated(run, _agents.Find(run));
            _agents.Remove(run.Id);
        }
    }

    private void SendSignals(RunId id, RecordedRun run, string? step)
    {
        foreach (var signal in run.Signals.Where(s => s.Step == step))
        {
            _grid.After(signal.After, () => _grid.Post(id, signal.Signal));
        }
    }

    private WhatIfReport Report()
    {
        var from = _from ?? DateTimeOffset.UnixEpoch;
        return new WhatIfReport(
            _runs, _from, options.Load, options.Seed, [.. _nodes.Select(static n => n.Name)], _comparison.Was(from), _comparison.WouldBe(from),
            _agents?.Counts ?? new AnswerCounts(0, 0, 0, 0), _comparison.Plans, _comparison.Agents, _comparison.Placements,
            _comparison.LeftOut, Warnings());
    }

    private ImmutableArray<string> Warnings() =>
        [.. NodesReader.Missing(_nodes, options.Config), .. _grid?.Log.Mistake is { } mistake ? [$"A mistake in Agent Grid: {mistake}"] : (string[])[]];
}
