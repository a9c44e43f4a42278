namespace AgentGrid.Engine.Driving;

/// <summary>
/// Which runs have been started of those that are counted together, and which wait: who may start, and who takes whose
/// place. Nothing is counted but runs that are known, so nothing can be left over. Guarded by its owner.
/// </summary>
/// <typeparam name="TRun">What runs are known by.</typeparam>
public sealed class RunGroups<TRun>
    where TRun : notnull
{
    private readonly Dictionary<TRun, GroupPlace> _places = [];
    private readonly Dictionary<string, Members> _groups = new(StringComparer.Ordinal);

    /// <summary>How many runs are known.</summary>
    public int Count => _places.Count;

    /// <summary>The run waits, unless it has been started.</summary>
    /// <param name="place">Null for a run that is counted with none: nothing happens.</param>
    public void Wait(TRun run, GroupPlace? place)
    {
        if (place is not null && !_places.ContainsKey(run))
        {
            Of(place).Waiting.Add(run);
            _places.Add(run, place);
        }
    }

    /// <summary>The run has been started, and stays so until it leaves.</summary>
    /// <inheritdoc cref="Wait"/>
    public void Start(TRun run, GroupPlace? place)
    {
        Wait(run, place);
        if (_places.TryGetValue(run, out var known) && Of(known) is var members && members.Waiting.Remove(run))
        {
            members.Started.Add(run);
        }
    }

    /// <summary>The run has ended, or is not there any more.</summary>
    /// <returns>False for one that was counted with none.</returns>
    public bool Leave(TRun run)
    {
        if (!_places.Remove(run, out var place))
        {
            return false;
        }
        var members = Of(place);
        members.Waiting.Remove(run);
        members.Started.Remove(run);
        if (members.Waiting.Count + members.Started.Count == 0)
        {
            _groups.Remove(place.Group);
        }
        return true;
    }

    /// <summary>Whether the run has been started; false for one that is counted with none.</summary>
    public bool HasStarted(TRun run) => _places.TryGetValue(run, out var place) && Of(place).Started.Contains(run);

    /// <summary>Whether no other is in the way of the run.</summary>
    public bool MayStart(TRun run) => !_places.TryGetValue(run, out var place)
        || (Of(place) is var members && (members.Started.Contains(run)
            || (members.Started.Count < place.Max && Replacing(run) is null)));

    /// <summary>One of those that are there, where they are as many as may be; null where there is room for the run.</summary>
    public TRun? InTheWay(GroupPlace place) =>
        _groups.TryGetValue(place.Group, out var members) && members.Started.Count + members.Waiting.Count >= place.Max
            ? members.Started.Concat(members.Waiting).First()
            : default;

    /// <summary>The run that takes the place of this one; null when none does.</summary>
    public GroupPlace? Replacing(TRun run) => _places.TryGetValue(run, out var place) && Of(place) is var members && members.AnyReplaces
        ? members.All.Select(r => _places[r]).FirstOrDefault(other => other.Replaces(place))
        : null;

    /// <summary>Those whose place this run takes.</summary>
    public IReadOnlyList<TRun> Replaced(TRun run) => _places.TryGetValue(run, out var place) && place.Policy == Core.Plans.ConcurrencyPolicy.Replace
        ? [.. Of(place).All.Where(r => place.Replaces(_places[r]))]
        : [];

    private Members Of(GroupPlace place)
    {
        if (!_groups.TryGetValue(place.Group, out var members))
        {
            _groups.Add(place.Group, members = new Members());
        }
        members.AnyReplaces |= place.Policy == Core.Plans.ConcurrencyPolicy.Replace;
        return members;
    }

    private sealed class Members
    {
        public HashSet<TRun> Started { get; } = [];
        public HashSet<TRun> Waiting { get; } = [];

        /// <summary>Some of them take the place of others, or did.</summary>
        public bool AnyReplaces { get; set; }
        public IEnumerable<TRun> All => Started.Concat(Waiting);
    }
}
