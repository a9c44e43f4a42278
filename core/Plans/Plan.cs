using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Plans;

/// <summary>
/// A named graph of steps, valid by construction: ids are unique, every need exists, and there is no cycle.
/// Steps are held in an order in which every step comes after those that it needs.
/// </summary>
public sealed class Plan
{
    /// <summary>How many plans can be called one below the other.</summary>
    public const int MaxCallDepth = 8;

    private readonly FrozenDictionary<string, int> _index;

    private Plan(string name, ImmutableArray<Step> steps, PlanSettings settings)
    {
        Name = name;
        Steps = steps;
        Settings = settings;
        _index = steps.Select((s, i) => KeyValuePair.Create(s.Id, i)).ToFrozenDictionary();
        Needs = [.. steps.Select(s => s.Needs.Select(n => _index[n]).ToImmutableArray())];
        var dependants = new List<int>[steps.Length];
        for (var i = 0; i < steps.Length; i++)
        {
            foreach (var need in Needs[i])
            {
                (dependants[need] ??= []).Add(i);
            }
        }
        Dependants = [.. dependants.Select(d => d is null ? [] : d.ToImmutableArray())];
        LongestPaths = FindLongestPaths();
        CallsPlans = steps.Any(static s => s.Plan is not null);
        Definition = PlanWriter.Write(this);
        Version = PlanWriter.Hash(Definition);
    }

    public string Name { get; }

    /// <summary>The first 12 hexadecimal digits of the SHA-256 of <see cref="Definition"/>.</summary>
    public string Version { get; }

    /// <summary>The plan in its canonical JSON form: the schema of <c>plans</c> files, defaults left out.</summary>
    public Json Definition { get; }

    public ImmutableArray<Step> Steps { get; }
    public PlanSettings Settings { get; }

    /// <summary>For each step, the indices of the steps that it needs.</summary>
    public ImmutableArray<ImmutableArray<int>> Needs { get; }

    /// <summary>For each step, the indices of the steps that need it.</summary>
    public ImmutableArray<ImmutableArray<int>> Dependants { get; }

    /// <summary>
    /// For each step, the seconds that the longest path which begins with it may take, by the timeouts of its steps:
    /// the usual order of list scheduling, with what a plan says of durations. It counts until something is known of how long
    /// the steps do take.
    /// </summary>
    public ImmutableArray<double> LongestPaths { get; }

    /// <summary>Some of its steps are the work of other plans.</summary>
    public bool CallsPlans { get; }

    public Step this[string id] => Steps[_index[id]];

    /// <summary>The definition with the name in it: what can be posted inline as this plan.</summary>
    public Json ToInline() => PlanWriter.WriteNamed(this);

    public bool TryIndexOf(string id, out int index) => _index.TryGetValue(id, out index);

    public int IndexOf(string id) => _index[id];

    /// <summary>Puts steps that were checked by the reader into an order that respects their needs.</summary>
    internal static Plan Create(string name, ImmutableArray<Step> sorted, PlanSettings settings) =>
        new(name, sorted, settings);

    /// <summary>Adds to what each step takes what the longest path takes that begins behind it.</summary>
    /// <param name="times">How long each step takes; then the longest path that begins with it.</param>
    public void AddUpPaths(double[] times)
    {
        var behind = new double[times.Length];
        for (var i = times.Length - 1; i >= 0; i--)
        {
            times[i] += behind[i];
            foreach (var need in Needs[i])
            {
                behind[need] = Math.Max(behind[need], times[i]);
            }
        }
    }

    private ImmutableArray<double> FindLongestPaths()
    {
        double[] paths = [.. Steps.Select(static s => (s.Timeout ?? AgentDefaults.Timeout).TotalSeconds)];
        AddUpPaths(paths);
        return ImmutableCollectionsMarshal.AsImmutableArray(paths);
    }
}

/// <summary>What a plan says besides its steps.</summary>
public sealed record PlanSettings
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromHours(1);
    public static readonly PlanSettings Default = new();

    /// <summary>What it does, for people and for models that choose among tools; null when it does not say.</summary>
    public string? Description { get; init; }

    /// <summary>What its runs have, unless the request says otherwise; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>What the input of its runs has to be; null for anything.</summary>
    public InputSchema? InputSchema { get; init; }

    /// <summary>How many of its runs with the same value may be started at a time; null for any number.</summary>
    public PlanConcurrency? Concurrency { get; init; }

    /// <summary>How long a run may take from its start to its end.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Who is told what becomes of its runs.</summary>
    public ImmutableArray<Webhook> Webhooks { get; init; } = [];

    /// <summary>
    /// What the run's result is made of: names, and paths into the outputs of steps. Empty: the outputs of the
    /// steps that no other step needs, by step id.
    /// </summary>
    public ImmutableSortedDictionary<string, ValuePath> Result { get; init; } =
        ImmutableSortedDictionary<string, ValuePath>.Empty;
}
