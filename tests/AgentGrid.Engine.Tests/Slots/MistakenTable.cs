using AgentGrid.Core.Config;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>The ways in which a slot table is broken on purpose, to see that it is noticed.</summary>
internal enum SlotMistake
{
    None,

    /// <summary>A request that was withdrawn before it came is put into the queue all the same.</summary>
    QueuesWhatWasWithdrawn,

    /// <summary>A request that was withdrawn goes on waiting.</summary>
    ForgetsWithdrawals,

    /// <summary>For one that does not wait, another that does is taken out of the queue.</summary>
    WithdrawsAnother,

    /// <summary>Who has waited is not told of its slot.</summary>
    TellsNobody,

    /// <summary>A slot that was given back goes on counting.</summary>
    ForgetsReleases,

    /// <summary>For a slot that is held no longer, another of its agent on a node of that name is given back.</summary>
    ReleasesAnother,

    /// <summary>What ran on a node that is gone runs on the next of its name.</summary>
    RemembersFormerLives,

    /// <summary>An agent that is drained takes attempts.</summary>
    ForgetsDrains,

    /// <summary>A backup is taken for an attempt like any other.</summary>
    CountsNoBackups,

    /// <summary>Backups may have a GPU for as long as they like.</summary>
    CountsNoGpuSeconds,

    /// <summary>Where an attempt has failed is not looked at.</summary>
    FailsNowhere,

    /// <summary>One that runs is kept apart no longer.</summary>
    EndsIsolationsAtOnce,
}

/// <summary>A slot table, with one mistake or none.</summary>
internal sealed class MistakenTable(SlotMistake mistake, TimeProvider time)
{
    private readonly SlotTable _table = new(time, new AtOnce());
    private readonly List<SlotRequest> _requests = [];
    private readonly List<TakenSlot> _slots = [];
    private readonly List<TakenSlot> _lost = [];

    public SlotTable Table => _table;

    private IEnumerable<TakenSlot> Held =>
        _slots.Concat(_requests.Select(r => r.Granted).OfType<TakenSlot>()).Where(s => s.Home.Taken.Contains(s));

    public bool Tells => mistake != SlotMistake.TellsNobody;

    /// <summary>What a request is taken to count for.</summary>
    public HedgedStep? Take(HedgedStep? step) => (mistake, step) switch
    {
        (SlotMistake.CountsNoBackups, not null) => step with { IsBackup = false },
        (SlotMistake.CountsNoGpuSeconds, { Budget.GpuSecondsPercent: not null }) =>
            step with { Budget = new HedgeBudget { AttemptsPercent = step.Budget.AttemptsPercent ?? 1_000_000 } },
        _ => step,
    };

    public void Configure(GridConfig config) => _table.Configure(config);

    public bool Drain(string agent, bool drained) =>
        _table.Drain(agent, drained && mistake != SlotMistake.ForgetsDrains);

    public TakenSlot? TryTake(string agent, string? near, HedgedStep? hedged) => Keep(_table.TryTake(agent, near, hedged));

    public TakenSlot Adopt(string agent, string node, int? gpu, Isolation? isolation) =>
        Keep(_table.Adopt(agent, node, gpu, mistake == SlotMistake.EndsIsolationsAtOnce ? null : isolation))!;

    public void Report(string agent, string node, bool hasFailed) =>
        _table.Report(agent, mistake == SlotMistake.FailsNowhere ? null : node, hasFailed);

    public void Clear(TakenSlot slot) => _table.Clear(slot);

    public void Wait(SlotRequest request)
    {
        var twin = mistake == SlotMistake.QueuesWhatWasWithdrawn && request.Status == SlotRequestStatus.Withdrawn
            ? new SlotRequest(request.Agent, request.Priority, request.Deadline, new Deaf(), request.Tenant)
            : request;
        _requests.Add(twin);
        _table.Wait(twin);
        if (mistake == SlotMistake.EndsIsolationsAtOnce)
        {
            Held.ToList().ForEach(_table.Clear);
        }
    }

    public bool Withdraw(SlotRequest request)
    {
        var waited = request.Status == SlotRequestStatus.Waiting;
        if (mistake == SlotMistake.ForgetsWithdrawals && waited)
        {
            return true;
        }
        if (mistake == SlotMistake.WithdrawsAnother && !waited
            && _requests.Find(r => r.Status == SlotRequestStatus.Waiting && r.Agent == request.Agent) is { } another)
        {
            _table.Withdraw(another);
        }
        return _table.Withdraw(request);
    }

    public void Release(TakenSlot slot)
    {
        if (mistake == SlotMistake.ForgetsReleases)
        {
            return;
        }
        var another = mistake == SlotMistake.ReleasesAnother && !slot.Home.Taken.Contains(slot)
            ? Held.FirstOrDefault(s => s.Agent == slot.Agent && s.Node == slot.Node)
            : null;
        _table.Release(another ?? slot);
    }

    public void PutNode(NodeState node)
    {
        _table.PutNode(node);
        foreach (var slot in _lost.Where(s => s.Node == node.Name))
        {
            _table.Adopt(slot.Agent.Config.Name, node.Name, slot.Gpu);
        }
        _lost.RemoveAll(s => s.Node == node.Name);
    }

    public void RemoveNode(string node)
    {
        if (mistake == SlotMistake.RemembersFormerLives)
        {
            _lost.AddRange(Held.Where(s => s.Node == node));
        }
        _table.RemoveNode(node);
    }

    private TakenSlot? Keep(TakenSlot? slot)
    {
        if (slot is not null)
        {
            _slots.Add(slot);
        }
        return slot;
    }

    private sealed class Deaf : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot)
        {
        }

        public void OnDrained()
        {
        }

        public void OnAgentGone()
        {
        }
    }
}
