using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// Where an agent is taken to be failing: on some of its nodes, so that others are asked first; or everywhere, so that other agents
/// are. The node on which it fails most says nothing of the agent elsewhere. Guarded by the table's lock.
/// </summary>
/// <param name="findPlaces">The nodes that can run it; asked for when it is needed, after they have changed.</param>
internal sealed class AgentBreakers(SlotClock clock, Func<SlotNode[]> findPlaces)
{
    // Since the last success, wherever it was: all failures, those on each node, and those on others than the node with most.
    private readonly Breaker _elsewhere = new(clock);
    private int[] _failures = [];
    private int _inARow;
    private long _last;

    // By the index of the node; null where the last attempt has not failed.
    private Breaker?[] _on = [];
    private int _count;
    private SlotNode[]? _places;
    private BreakerPolicy _policy = BreakerPolicy.Off;

    /// <summary>
    /// Null when the last attempt has not failed. It is failing when it has failed so often in a row, the node where it did so most not
    /// counted; or when it fails on all its nodes.
    /// </summary>
    public FailingState? State
    {
        get
        {
            if (_elsewhere.State is { IsOpen: true } state)
            {
                return state with { InARow = _inARow };
            }
            if (_count == 0 || !Everywhere(static s => s.IsOpen))
            {
                return _inARow == 0 ? null : new FailingState(_inARow, IsOpen: false, TimeSpan.Zero);
            }
            var all = Places.Select(n => _on[n.Index]!.State!.Value).ToArray();
            return new FailingState(all.Sum(static s => s.InARow), IsOpen: true, all.Min(static s => s.NextTryIn));
        }
    }

    /// <summary>The nodes on which its last attempts have failed, by name; null for none.</summary>
    public IReadOnlyList<NodeFailing>? Nodes(SlotNode[] all) => _count == 0 ? null :
        [.. all.Where(n => _on[n.Index] is not null).Select(n => new NodeFailing(n.Name, _on[n.Index]!.State!.Value))];

    /// <summary>When a node that is spared may be tried again; null when none is spared.</summary>
    public long? NextTry
    {
        get
        {
            if (_count == 0 || Everywhere(static s => s.IsAvoided))
            {
                return null;
            }
            long? next = null;
            foreach (var node in Places)
            {
                if (_on[node.Index] is { State.IsAvoided: true } breaker && !(next <= breaker.NextTry))
                {
                    next = breaker.NextTry;
                }
            }
            return next;
        }
    }

    /// <summary>How it fails on a node; null when the last attempt there has not failed.</summary>
    public FailingState? On(SlotNode node) => _count == 0 ? null : _on[node.Index]?.State;

    /// <summary>It fails there, and there is a node where it does not: that is asked, or waited for.</summary>
    public bool Spares(SlotNode node) =>
        _count > 0 && _on[node.Index] is { State.IsAvoided: true } && !Everywhere(static s => s.IsAvoided);

    /// <summary>Another policy begins anew.</summary>
    public void Configure(BreakerPolicy policy)
    {
        _elsewhere.Configure(policy);
        if (policy != _policy)
        {
            ForgetRow();
            _policy = policy;
            Array.Clear(_on);
            _count = 0;
        }
    }

    private SlotNode[] Places => _places ??= findPlaces();

    /// <summary>On some node its last attempt has failed.</summary>
    public bool AreOnNodes => _count > 0;

    /// <summary>Nodes have come, gone or changed.</summary>
    /// <param name="indices">More than the index of any.</param>
    public void OnNodesChanged(int indices)
    {
        _places = null;
        if (_on.Length < indices)
        {
            var length = Math.Max(indices, 2 * _on.Length);
            Array.Resize(ref _on, length);
            Array.Resize(ref _failures, length);
        }
    }

    /// <summary>A node is gone: nothing of it is remembered.</summary>
    public void Forget(SlotNode node)
    {
        if (node.Index < _on.Length)
        {
            Put(node.Index, null);
            _failures[node.Index] = 0;
        }
    }

    /// <summary>An attempt starts on a node: when it is time to find out whether the agent works again, this one does.</summary>
    public void Start(SlotNode node)
    {
        _elsewhere.Start();
        if (_count > 0)
        {
            _on[node.Index]?.Start();
        }
    }

    /// <summary>An attempt has succeeded, or failed in a way that says something of the agent.</summary>
    /// <param name="node">Where; null where that is not known, or the node is gone.</param>
    /// <returns>
    /// Of the agent, and of the agent on the node: whether it is taken to be failing from now on, or not any more; null when nothing
    /// has changed.
    /// </returns>
    public (bool? Agent, bool? OnNode) End(SlotNode? node, bool hasFailed)
    {
        if (!_policy.IsOn || !clock.Runs || (!hasFailed && _inARow == 0 && _count == 0))
        {
            return default;
        }
        var was = State is { IsOpen: true };
        var onNode = node is null ? null : EndOn(node, hasFailed);
        if (hasFailed)
        {
            AddToRow(node);
        }
        else
        {
            _elsewhere.End(hasFailed: false);
            ForgetRow();
        }
        var isNow = State is { IsOpen: true };
        return (was == isNow ? null : isNow, onNode);
    }

    private void AddToRow(SlotNode? node)
    {
        var isOpen = _elsewhere.State is { IsOpen: true };
        if (!isOpen && clock.Now - _last > Breaker.Window)
        {
            ForgetRow();
        }
        _last = clock.Now;
        var before = _inARow - Most();
        _inARow++;
        if (node is not null)
        {
            _failures[node.Index]++;
        }
        if (isOpen || _inARow - Most() > before)
        {
            _elsewhere.End(hasFailed: true);
        }
    }

    private int Most() => _failures.Length == 0 ? 0 : _failures.Max();

    private void ForgetRow()
    {
        _inARow = 0;
        Array.Clear(_failures);
        _elsewhere.Reset();
    }

    private bool? EndOn(SlotNode node, bool hasFailed)
    {
        var breaker = _on[node.Index];
        if (!hasFailed)
        {
            Put(node.Index, null);
            return breaker?.End(hasFailed: false);
        }
        if (breaker is null)
        {
            breaker = new Breaker(clock);
            breaker.Configure(_policy);
            Put(node.Index, breaker);
        }
        return breaker.End(hasFailed: true);
    }

    private void Put(int index, Breaker? breaker)
    {
        _count += (breaker is null ? 0 : 1) - (_on[index] is null ? 0 : 1);
        _on[index] = breaker;
    }

    private bool Everywhere(Func<FailingState, bool> fails)
    {
        foreach (var node in Places)
        {
            if (_on[node.Index]?.State is not { } state || !fails(state))
            {
                return false;
            }
        }
        return Places.Length > 0;
    }
}
