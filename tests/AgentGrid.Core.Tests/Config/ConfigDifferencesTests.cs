using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Config;

public sealed class ConfigDifferencesTests
{
    /// <summary>What is quoted as it was written, because nobody keeps a secret in one of these.</summary>
    private static readonly Type[] s_plainTypes =
    [
        typeof(string), typeof(int), typeof(int?), typeof(long), typeof(long?), typeof(double), typeof(bool), typeof(TimeSpan),
        typeof(ImmutableArray<string>), typeof(RetryPolicy), typeof(RateLimit), typeof(TokenLimit), typeof(BreakerPolicy),
        typeof(AgentResources), typeof(Labels),
    ];

    [Theory]
    [InlineData("capabilities: [echo, shout]", "capabilities [] -> [echo, shout]")]
    [InlineData("priority: -5", "priority 0 -> -5")]
    [InlineData("max_concurrency: 4", "max_concurrency 16 -> 4")]
    [InlineData("max_concurrency_total: 7", "max_concurrency_total unset -> 7")]
    [InlineData("rate_limit: 60/m", "rate_limit unset -> {requests: 60, per: 1m, burst: 1}")]
    [InlineData("rate_limit: { tokens: 9/m }", "rate_limit unset -> {per: 1m, burst: 1, tokens: {tokens: 9, per: 1m}}")]
    [InlineData("breaker: { failures: 3 }", "breaker.failures 5 -> 3")]
    [InlineData("breaker: { cooldown: 1m }", "breaker.cooldown 30s -> 1m")]
    [InlineData("timeout: 1m30s", "timeout 1m -> 1m30s")]
    [InlineData("timeout: 200ms", "timeout 1m -> 200ms")]
    [InlineData("enabled: false", "enabled true -> false")]
    [InlineData("resources: { gpu_memory_bytes: 12 }", "resources.gpu_memory_bytes 0 -> 12")]
    [InlineData("retry: { max_attempts: 2 }", "retry.max_attempts 1 -> 2")]
    [InlineData("retry: { backoff: 1s }", "retry.backoff 200ms -> 1s")]
    [InlineData("retry: { max_backoff: 5s }", "retry.max_backoff 30s -> 5s")]
    [InlineData("retry: { jitter: 0.5 }", "retry.jitter 0.2 -> 0.5")]
    [InlineData("retry: { on: [error, timeout] }", "retry.on [] -> [error, timeout]")]
    public void Find_KeyOfAnAgent_IsSaidAsInTheFile(string key, string difference) => Assert.Equal(
        [$"agent 'echo' {difference}"],
        ConfigDifferences.Find(Config("agents: { echo: }"), Config($"agents: {{ echo: {{ {key} }} }}")));

    [Fact]
    public void Find_SeveralAgents_AreSaidByNameAndKeyByKey() => Assert.Equal(
        [
            "agent 'echo' max_concurrency 2 -> 4",
            "agent 'echo' max_concurrency_total 8 -> unset",
            "agent 'echo' timeout 15s -> 30s",
            "agent 'perception' priority 0 -> 1",
        ],
        ConfigDifferences.Find(
            Config("agents: { echo: { timeout: 15s, max_concurrency_total: 8, max_concurrency: 2 } }"),
            Config("agents: { perception: { priority: 1 }, echo: { timeout: 30s, max_concurrency: 4 } }")));

    [Fact]
    public void Find_AgentThatIsNewOrGone_IsSaid()
    {
        var (none, one) = (GridConfig.Empty, new GridConfig
        {
            Agents = GridConfig.Empty.Agents.Add("echo", new AgentConfig { Name = "echo" }),
        });

        Assert.Equal(["agent 'echo' added"], ConfigDifferences.Find(none, one));
        Assert.Equal(["agent 'echo' removed"], ConfigDifferences.Find(one, none));
    }

    [Fact]
    public void Find_Queues_AreSaidWithTheirSlots() => Assert.Equal(
        [
            "agent 'echo' queue general -> cold", "queue 'gpu' slots 8 -> unset", "queue 'old' removed",
            "queue 'cold' added",
        ],
        ConfigDifferences.Find(
            Config("queues: { gpu: { slots: 8 }, old: { slots: 1 } }"),
            Config("queues: { gpu: , cold: { slots: 2 } }\nagents: { echo: { queue: cold } }")));

    [Fact]
    public void Find_DefaultPlan_IsSaid() => Assert.Equal(
        ["default one -> unset", "plan 'two' added"],
        ConfigDifferences.Find(
            Plans("one: { steps: { a: { agent: echo } } }"),
            Plans("one: { steps: { a: { agent: echo } } }\ntwo: { steps: { a: { agent: echo } } }")));

    [Fact]
    public void Find_Plan_IsSaidWithItsVersionsAndStepByStep()
    {
        var before = Plans(
            "one: { steps: { a: { agent: echo, timeout: 20s }, b: { agent: echo }, c: { agent: echo } } }");
        var after = Plans("""
            one:
              timeout: 5m
              steps:
                a: { agent: echo, timeout: 30s, retry: { max_attempts: 3, on: [error] } }
                c: { agent: perception, needs: [a, d], mode: one, optional: true }
                d: { capability: [perception, scoring], mode: race }
            """);

        Assert.Equal(
            [
                $"plan 'one' version {before.Plans["one"].Version} -> {after.Plans["one"].Version}",
                "plan 'one' step 'a' timeout 20s -> 30s",
                "plan 'one' step 'a' retry unset -> {max_attempts: 3, on: [error]}",
                "plan 'one' step 'b' removed",
                "plan 'one' step 'c' agent echo -> perception",
                "plan 'one' step 'c' needs unset -> [a, d]",
                "plan 'one' step 'c' optional unset -> true",
                "plan 'one' step 'd' added",
                "plan 'one' timeout unset -> 5m",
            ],
            ConfigDifferences.Find(before, after));
    }

    [Fact]
    public void Find_WhatPeopleWriteFreely_IsOnlySaidToHaveChanged()
    {
        var before = Plans("""
            one:
              result: { frames: "a.old_secret" }
              steps:
                a: { agent: echo, input: { steps: { x: old_secret }, url: { host: a, key: old_secret }, gone: 1 } }
                b: { agent: echo, needs: [a], when: "a.key == 'old_secret'", mode: each, for_each: a.old_secret }
                c: { agent: echo, needs: [b] }
            """);
        var after = Plans("""
            one:
              result: { frames: "a.new_secret" }
              steps:
                a: { agent: echo, input: { steps: { x: new_secret }, url: { host: a, key: new_secret }, come: [1] } }
                b: { agent: echo, needs: [a], when: "a.key == 'new_secret'", mode: each, for_each: a.new_secret }
                c: { agent: echo, needs: [b], input: { key: new_secret } }
            """);

        var differences = ConfigDifferences.Find(before, after);

        Assert.Equal(
            [
                "plan 'one' result.frames changed",
                "plan 'one' step 'a' input.gone changed",
                "plan 'one' step 'a' input.steps.x changed",
                "plan 'one' step 'a' input.url.key changed",
                "plan 'one' step 'a' input.come changed",
                "plan 'one' step 'b' for_each changed",
                "plan 'one' step 'b' when changed",
                "plan 'one' step 'c' input changed",
            ],
            differences.Skip(1));
        Assert.DoesNotContain(differences, d => d.Contains("secret", StringComparison.Ordinal));
    }

    private static readonly string[] s_schemas =
        [nameof(AgentConfig.InputSchema), nameof(AgentConfig.InputCheck), nameof(AgentConfig.OutputSchema)];

    [Theory]
    [InlineData(typeof(AgentConfig))]
    [InlineData(typeof(RetryPolicy))]
    [InlineData(typeof(AgentResources))]
    [InlineData(typeof(RateLimit))]
    [InlineData(typeof(TokenLimit))]
    [InlineData(typeof(BreakerPolicy))]
    [InlineData(typeof(QueueConfig))]
    public void Find_SettingsThatAreQuoted_HaveNoPlaceForSecrets(Type settings) =>
        // Of a kind its name alone is quoted, see KindsConfigTests; of schemas nothing is.
        Assert.All(settings.GetProperties().Where(p => !p.GetMethod!.IsStatic && p.PropertyType != typeof(KindConfig) && !s_schemas.Contains(p.Name)), p => Assert.True(
            s_plainTypes.Contains(p.PropertyType),
            $"'{settings.Name}.{p.Name}' is a {p.PropertyType}: let ConfigDifferences not quote its key."));

    [Fact]
    public void Find_WhatModelsAreTold_IsNotQuoted() => Assert.Equal(
        ["agent 'echo' description changed", "agent 'echo' input_schema.const changed", "agent 'echo' output_schema.const changed"],
        ConfigDifferences.Find(
            Config("agents: { echo: { description: secret one, input_schema: { const: secret one }, output_schema: { const: secret one } } }"),
            Config("agents: { echo: { description: secret two, input_schema: { const: secret two }, output_schema: { const: secret two } } }")));

    [Fact]
    public void Find_SameInOtherWords_IsNothing() => Assert.Empty(ConfigDifferences.Find(
        Config("agents: { echo: { timeout: 90s, resources: { gpu_memory_mb: 1 } }, perception: { priority: 0 } }"),
        Config("""
            # What operators say.
            queues: { general: }
            agents:
              echo: { resources: { gpu_memory_bytes: 1048576 }, timeout: 1m30s }
            """)));

    [Fact]
    public void Find_MoreThanAsked_SaysHowMany()
    {
        var before = Config("agents: { echo: }");
        var after = Config("agents: { echo: { priority: 1, max_concurrency: 1, enabled: false, timeout: 1s } }");

        Assert.Equal(4, ConfigDifferences.Find(before, after, most: 4).Length);
        Assert.Equal(
            ["agent 'echo' priority 0 -> 1", "agent 'echo' max_concurrency 16 -> 1", "and 2 more"],
            ConfigDifferences.Find(before, after, most: 2));
    }

    [Fact]
    public void Find_LongLists_AreCut()
    {
        var names = string.Join(", ", Enumerable.Range(0, 100).Select(i => $"work_{i}"));
        var one = Config($"agents: {{ echo: {{ capabilities: [{names}] }} }}");

        Assert.InRange(Assert.Single(ConfigDifferences.Find(Config("agents: {}"), one)).Length, 100, 200);
        Assert.Equal(
            ["agent 'echo' capabilities changed"],
            ConfigDifferences.Find(one, Config($"agents: {{ echo: {{ capabilities: [{names}, more] }} }}")));
    }

    private static GridConfig Config(string agents) => Read(new ConfigFile("agents.yaml", agents));

    private static GridConfig Plans(string plans) =>
        Read(new ConfigFile("plans/p.yaml", $"plans:\n  {plans.ReplaceLineEndings("\n  ")}\n"));

    private static GridConfig Read(ConfigFile file)
    {
        var result = ConfigReader.Read([file], TestAgents.Catalog);
        Assert.Empty(result.Problems);
        return result.Config!;
    }
}
