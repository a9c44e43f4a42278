using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Plans;

namespace AgentGrid.Engine.Store;

/// <summary>The plans of the runs that are kept, parsed, a bounded number of them; by their names and stores' keys.</summary>
public sealed class PlanCache
{
    private const int MostPlans = 1_000;

    private readonly ConcurrentDictionary<(string Name, string Key), Plan> _plans = new();

    /// <summary>Null when it is not here.</summary>
    public Plan? Find(RunHead head) => _plans.GetValueOrDefault((head.Plan, head.PlanKey));

    /// <summary>Whether there is a plan of a name and a key.</summary>
    public bool Has(string name, string key) => _plans.ContainsKey((name, key));

    /// <summary>Keeps a plan.</summary>
    public void Add(string key, Plan plan)
    {
        if (_plans.Count >= MostPlans)
        {
            _plans.Clear();
        }
        _plans.TryAdd((plan.Name, key), plan);
    }

    /// <summary>Parses what a store has of a run's plan, which it has checked, and keeps it.</summary>
    /// <exception cref="DamageException">It cannot be read.</exception>
    public Plan Read(RunId run, RunHead head, byte[] definition, DamageText text)
    {
        var result = PlanReader.ReadJson(head.Plan, Json.Trusted(definition));
        var plan = result.Plan ?? throw text.OfRun(
            run.Value, $"was accepted with plan '{head.Plan}' {head.PlanVersion}, which cannot be read: " +
            string.Join("; ", result.Problems), head.Key);
        Add(head.PlanKey, plan);
        return plan;
    }
}
