using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Durations;

/// <summary>
/// How long the steps of plans take, and the attempts of agents, by those that have ended: of this process, and of the last runs
/// that were there when it began. In memory, a bounded number of steps; can be called concurrently.
/// </summary>
/// <remarks>
/// The work of a step counts when it is completed. Of an agent, attempts count that succeed; and, with the time that they had run by then,
/// those that time out or lose a race: without them an agent would look the faster, the more often it is too slow. What fails
/// or is cancelled otherwise says nothing of how long the work takes. Cold attempts (<see cref="Warmth"/>) are kept apart.
/// </remarks>
/// <param name="mostSteps">Of how many steps it is known; of the plans that ran longest ago it is forgotten first.</param>
public sealed class LearnedDurations(int mostSteps = LearnedDurations.MostSteps) : ILatencies
{
    /// <summary>Of how many steps durations are known, unless somebody says otherwise.</summary>
    public const int MostSteps = 20_000;

    private const int MostAgents = 4_096;

    private readonly LastUsed<(string Name, string? Version), PlanDurations> _plans = new(mostSteps, static p => p.Plan.Steps.Length);
    private readonly LastUsed<string, AgentDurations> _agents = new(MostAgents, static _ => 1);
    private readonly LastUsed<string, DecayedHistogram> _shares = new(MostAgents, static _ => 1);

    /// <summary>What guards all that is known: it is held for a moment, some hundred thousand times a second at most.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Work as a share of its timeout, of any step.</summary>
    internal DecayedHistogram AnyShare { get; } = new();

    /// <summary>What is warm as this process has seen it.</summary>
    internal Warmth Warmth { get; } = new();

    /// <summary>How many plans are known.</summary>
    internal int Plans
    {
        get
        {
            lock (Gate)
            {
                return _plans.Count;
            }
        }
    }

    /// <summary>
    /// What is known of a run's plan. A plan of the configuration goes by its name: what was known of its steps is kept when it is
    /// edited. One that came with a request is known by what it says, since its name is nobody's.
    /// </summary>
    public PlanDurations Of(RunState run) => Of(run.Plan, run.Inline);

    /// <inheritdoc cref="Of(RunState)"/>
    public PlanDurations Of(Plan plan, bool isInline)
    {
        var key = (plan.Name, isInline ? plan.Version : null);
        lock (Gate)
        {
            var isKnown = _plans.TryGet(key, out var known);
            if (isKnown && known.Plan.Version == plan.Version)
            {
                return known;
            }
            var durations = new PlanDurations(this, plan, isKnown ? known : null);
            _plans.Put(key, durations);
            return durations;
        }
    }

    /// <summary>
    /// How long attempts of an agent take in a step of a plan of the configuration, or of the inline plan of that name and version.
    /// </summary>
    /// <returns>Null where none is known.</returns>
    public DurationQuantiles? Of(string plan, string step, string agent, string? inlineVersion = null)
    {
        lock (Gate)
        {
            return _plans.TryGet((plan, inlineVersion), out var known) && known.Plan.TryIndexOf(step, out var index)
                ? known.Step(index)?.Of(agent)?.Quantiles()
                : null;
        }
    }

    /// <summary>How long attempts of an agent take, whatever their step.</summary>
    /// <param name="node">Those on one node; null for all. A node is hardware of one kind, and so is the queue of an agent.</param>
    /// <returns>Null where none is known.</returns>
    public DurationQuantiles? OfAgent(string agent, string? node = null)
    {
        lock (Gate)
        {
            return !_agents.TryGet(agent, out var known) ? null
                : node is null ? known.Warm.Quantiles()
                : known.On(node)?.Quantiles();
        }
    }

    /// <summary>How long attempts of an agent take that have to wait until it is ready, its start included.</summary>
    /// <returns>Null where none is known.</returns>
    public DurationQuantiles? OfColdAgent(string agent)
    {
        lock (Gate)
        {
            return _agents.TryGet(agent, out var known) ? known.Cold.Quantiles() : null;
        }
    }

    /// <inheritdoc/>
    public bool IsWarm(string agent, string node)
    {
        lock (Gate)
        {
            return Warmth.Has(agent, node);
        }
    }

    /// <inheritdoc/>
    public Latency Of(RunState run, StepState step, string agent, int percent, int least)
    {
        lock (Gate)
        {
            var known = Of(run).Step(step.Index)?.Of(agent);
            if (known is null || known.Count < least)
            {
                known = _agents.TryGet(agent, out var all) ? all.Warm : known;
            }
            return known is null ? default : new Latency(
                known.Count < least ? null : TimeSpan.FromSeconds(known.Quantile(percent / 100.0)), known.Count);
        }
    }

    /// <summary>Within <see cref="Gate"/>.</summary>
    internal AgentDurations AgentOf(string name)
    {
        if (!_agents.TryGet(name, out var agent))
        {
            _agents.Put(name, agent = new AgentDurations());
        }
        return agent;
    }

    /// <summary>Work as a share of its timeout, of all steps that ask the same. Within <see cref="Gate"/>.</summary>
    internal DecayedHistogram ShareOf(Step step)
    {
        var asked = AskedBy(step);
        if (!_shares.TryGet(asked, out var share))
        {
            _shares.Put(asked, share = new DecayedHistogram());
        }
        return share;
    }

    /// <summary>Whom a step asks: an agent, a plan, or whoever offers one of its capabilities; nobody where it waits.</summary>
    internal static string AskedBy(Step step) => step.Wait is not null ? "" : step.Named ?? string.Join('\n', step.Capabilities);

    /// <summary>Learns from what has ended before this process began.</summary>
    internal void Record(IEnumerable<(Plan Plan, bool IsInline, EndedWork Work)> ended)
    {
        // In the order in which it happened: what is old counts less, and the first attempt of an agent is a cold one.
        var warmth = new Warmth();
        foreach (var (plan, isInline, work) in ended.OrderBy(static e => e.Work.EndedAt))
        {
            var durations = Of(plan, isInline);
            lock (Gate)
            {
                durations.Add(work, warmth);
            }
        }
    }
}
