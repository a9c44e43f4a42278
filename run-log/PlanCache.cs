using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Engine.Store;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

/// <summary>
/// The plans of the runs that are kept. Redis has each definition once, by its hash, and counts the runs that need it;
/// parsed plans are kept here, a bounded number of them.
/// </summary>
internal sealed class PlanCache(IDatabase redis, string prefix)
{
    private const int MostPlans = 1_000;

    private readonly ConditionalWeakTable<Plan, string> _hashes = [];
    private readonly ConcurrentDictionary<(string Name, string Hash), Plan> _plans = new();

    public string HashOf(Plan plan) => _hashes.GetValue(plan, static p => Hash(p.Definition.Utf8.Span));

    /// <summary>A run was kept with a plan: Redis has its definition.</summary>
    public void Add(Plan plan) => Add(HashOf(plan), plan);

    /// <summary>Whether Redis is likely to have a plan's definition.</summary>
    public bool Knows(Plan plan) => _plans.ContainsKey((plan.Name, HashOf(plan)));

    /// <summary>Null when it is not there: its last run has just been removed, or something is damaged.</summary>
    /// <exception cref="DamageException">It is damaged.</exception>
    public async ValueTask<Plan?> FindAsync(RunId run, RunHead head)
    {
        if (_plans.TryGetValue((head.Plan, head.PlanKey), out var plan))
        {
            return plan;
        }
        var definition = (byte[]?)await RedisAnswer.Of(redis.StringGetAsync($"{prefix}:plan:{head.PlanKey}"))
            .ConfigureAwait(false);
        if (definition is null)
        {
            return null;
        }
        plan = Read(run, head, definition);
        Add(head.PlanKey, plan);
        return plan;
    }

    private static Plan Read(RunId run, RunHead head, byte[] definition)
    {
        if (Hash(definition) != head.PlanKey)
        {
            throw RunLogDamage.Of(
                run, $"was accepted with plan '{head.Plan}', whose definition does not have its hash {head.PlanKey}");
        }
        var result = PlanReader.ReadJson(head.Plan, Json.Trusted(definition));
        return result.Plan ?? throw RunLogDamage.Of(
            run, $"was accepted with plan '{head.Plan}' {head.PlanVersion}, which cannot be read: " +
            string.Join("; ", result.Problems));
    }

    private void Add(string hash, Plan plan)
    {
        if (_plans.Count >= MostPlans)
        {
            _plans.Clear();
        }
        _plans.TryAdd((plan.Name, hash), plan);
    }

    private static string Hash(ReadOnlySpan<byte> definition) => Convert.ToHexStringLower(SHA256.HashData(definition));
}
