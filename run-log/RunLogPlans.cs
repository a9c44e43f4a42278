using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

/// <summary>The plans in Redis, which has each definition once, by its hash, and counts the runs that need it.</summary>
internal sealed class RunLogPlans(IDatabase redis, string prefix)
{
    private readonly ConditionalWeakTable<Plan, string> _hashes = [];
    private readonly PlanCache _plans = new();

    public string HashOf(Plan plan) => _hashes.GetValue(plan, static p => Hash(p.Definition.Utf8.Span));

    /// <summary>A run was kept with a plan: Redis has its definition.</summary>
    public void Add(Plan plan) => _plans.Add(HashOf(plan), plan);

    /// <summary>Whether Redis is likely to have a plan's definition.</summary>
    public bool Knows(Plan plan) => _plans.Has(plan.Name, HashOf(plan));

    /// <summary>Null when it is not there: its last run has just been removed, or something is damaged.</summary>
    /// <exception cref="DamageException">It is damaged.</exception>
    public async ValueTask<Plan?> FindAsync(RunId run, RunHead head)
    {
        if (_plans.Find(head) is { } plan)
        {
            return plan;
        }
        var definition = (byte[]?)await RedisAnswer.Of(redis.StringGetAsync($"{prefix}:plan:{head.PlanKey}", RedisAnswer.FromPrimary))
            .ConfigureAwait(false);
        return definition is null ? null
            : Hash(definition) == head.PlanKey ? _plans.Read(run, head, definition, RunLogDamage.Text)
            : throw RunLogDamage.Of(
                run, $"was accepted with plan '{head.Plan}', whose definition does not match its hash {head.PlanKey}");
    }

    private static string Hash(ReadOnlySpan<byte> definition) => Convert.ToHexStringLower(SHA256.HashData(definition));
}
