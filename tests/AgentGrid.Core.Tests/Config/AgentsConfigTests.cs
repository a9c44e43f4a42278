using System.Collections.Immutable;
using System.Reflection;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Config;

public sealed class AgentsConfigTests
{
    [Fact]
    public void Read_NoFiles_GivesWhatTheAttributesSay()
    {
        var config = Good();

        Assert.Equal(TestAgents.Catalog.Agents.Keys, config.Agents.Keys);
        var agent = config.Agents["motion_generator"];
        Assert.Equal(["motion_generation"], agent.Capabilities);
        Assert.Equal(
            (7, 3, "gpu", TimeSpan.FromSeconds(2.5)),
            (agent.Priority, agent.MaxConcurrency, agent.Queue, agent.Timeout));
        Assert.Equal((RetryPolicy.None, AgentResources.None, true), (agent.Retry, agent.Resources, agent.Enabled));
        Assert.Equal(["general", "gpu"], config.Queues.Keys);
        Assert.All(config.Queues.Values, q => Assert.Null(q.Slots));
        Assert.Null(config.DefaultPlan);
    }

    [Fact]
    public void Read_Version_IsThatOfTheFileOrOfTheAssembly()
    {
        var config = Good("agents: { echo: { version: 1.20 }, motion_backup: { version: b7c1, priority: 3 } }");

        Assert.Equal("1.20", config.Agents["echo"].Version);
        Assert.Equal("b7c1", config.Agents["motion_backup"].Version);
        Assert.Equal(
            typeof(AgentsConfigTests).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            config.Agents["motion_generator"].Version);
        Assert.Contains("'version': expected a text of 1 to 200 characters, got a list", Assert.Single(Bad("agents: { echo: { version: [1] } }")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Hash_IsTheSameForTheSameDeclarationOnly()
    {
        string? Hash(string agents) => Good(agents).Agents["echo"].Hash;

        Assert.Matches("^[0-9a-f]{12}$", Hash("agents: {}"));
        Assert.Equal(Hash("agents: { echo: { timeout: 5s, priority: 2 } }"), Hash("agents: { echo: { priority: 2, timeout: 5000ms }, motion_backup: { priority: 1 } }"));
        Assert.NotEqual(Hash("agents: { echo: { timeout: 5s } }"), Hash("agents: { echo: { timeout: 6s } }"));
        Assert.NotEqual(Hash("agents: {}"), Hash("agents: { echo: { version: 2 } }"));
    }

    [Fact]
    public void Read_AgentsYaml_WinsKeyByKey()
    {
        var config = Good("""
            queues: { gpu: { slots: 8 }, cold: {} }
            agents:
              motion_generator:
                capabilities: [motion_generation, fast]
                timeout: 20s
                retry: { max_attempts: 2, backoff: 200ms, max_backoff: 5s, jitter: 0.5, on: [error, out_of_memory] }
                resources: { gpu_memory_mb: 4096 }
              motion_backup: { enabled: false, priority: -5, max_concurrency: 100000, max_concurrency_total: 7, queue: cold }
              quality_scorer: { capabilities: judging, resources: { gpu_memory_bytes: 12 } }
              echo:
            """);

        var motion = config.Agents["motion_generator"];
        Assert.Equal(["motion_generation", "fast"], motion.Capabilities);
        Assert.Equal(
            (7, 3, "gpu", TimeSpan.FromSeconds(20)),
            (motion.Priority, motion.MaxConcurrency, motion.Queue, motion.Timeout));
        Assert.Equal(
            (2, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), 0.5),
            (motion.Retry.MaxAttempts, motion.Retry.Backoff, motion.Retry.MaxBackoff, motion.Retry.Jitter));
        Assert.Equal(["error", "out_of_memory"], motion.Retry.On);
        Assert.Equal(4096L * 1024 * 1024, motion.Resources.GpuMemoryBytes);
        var backup = config.Agents["motion_backup"];
        Assert.Equal(
            (false, -5, 100_000, "cold"),
            (backup.Enabled, backup.Priority, backup.MaxConcurrency, backup.Queue));
        Assert.Equal((7, null), (backup.MaxConcurrencyTotal, motion.MaxConcurrencyTotal));
        Assert.Equal(["judging"], config.Agents["quality_scorer"].Capabilities);
        Assert.Equal(12, config.Agents["quality_scorer"].Resources.GpuMemoryBytes);
        Assert.Equal(AgentDefaults.MaxConcurrency, config.Agents["echo"].MaxConcurrency);
        Assert.Equal(
            [("cold", null), ("general", null), ("gpu", 8)],
            config.Queues.Values.Select(q => (q.Name, q.Slots)));
    }

    [Fact]
    public void Read_ManyMistakes_AreAllReportedWithLineAndColumn()
    {
        var problems = Bad("""
            queues:
              gpu: { slots: 0 }
              "bad queue": { slot: 1 }
            agent: {}
            agents:
              perceptio: { priority: 1 }
              perception:
                max_concurency: 4
                priority: 1001
                queue: gpuu
                timeout: 15
                retry: { max_attempts: 0, jitter: 1.5, backoff: 1m, on: [error, error] }
                enabled: "true"
                capabilities: [ok, "not ok", 3]
              motion_backup:
                timeout: 0s
                resources: { gpu_memory_mb: 1, gpu_memory_bytes: 2, vram: 3 }
                max_concurrency: 2.5
                max_concurrency_total: 0
              echo: [a]
            """);

        Assert.Equal(
            [
                "(2,17): AG1005: 'slots' must be 1 to 100000, not 0.",
                "(3,3): AG1007: 'bad queue' is not a valid queue name: use 1 to 100 letters, digits, '_', '-' and '.', "
                    + "beginning with a letter or a digit.",
                "(3,18): AG1002: unknown key 'slot', did you mean 'slots'?",
                "(4,1): AG1002: unknown key 'agent', did you mean 'agents'?",
                "(6,3): AG1011: unknown agent 'perceptio', did you mean 'perception'?",
                "(8,5): AG1002: unknown key 'max_concurency', did you mean 'max_concurrency'?",
                "(9,15): AG1005: 'priority' must be -1000 to 1000, not 1001.",
                "(10,12): AG1012: unknown queue 'gpuu', did you mean 'gpu'? If not, declare 'gpuu' under 'queues'.",
                "(11,14): AG1006: 'timeout': '15' has no unit: write 15s, or use another of d, h, m, s and ms.",
                "(12,28): AG1005: 'max_attempts' must be 1 to 100, not 0.",
                "(12,39): AG1005: 'jitter' must be 0 to 1, not 1.5.",
                "(12,53): AG1013: 'backoff' is 1m, longer than 'max_backoff', which is 30s: raise 'max_backoff'.",
                "(12,69): AG1015: 'on' lists 'error' twice.",
                "(13,14): AG1004: 'enabled': expected true or false, got the text 'true'. Remove the quotes.",
                "(14,24): AG1007: 'not ok' is not a valid capability: use 1 to 100 letters, digits, '_', '-' and '.', "
                    + "beginning with a letter or a digit.",
                "(14,34): AG1004: expected a capability, got the number 3. Put it in quotes.",
                "(16,14): AG1005: 'timeout' must be at least 1ms, not 0s.",
                "(17,54): AG1013: 'gpu_memory_mb' and 'gpu_memory_bytes' say the same: keep one of them.",
                "(17,57): AG1002: unknown key 'vram'; known: gpu_memory_bytes, gpu_memory_mb.",
                "(18,22): AG1004: 'max_concurrency': expected a whole number, got the number 2.5.",
                "(19,28): AG1005: 'max_concurrency_total' must be 1 to 100000, not 0.",
                "(20,9): AG1004: 'echo': expected a mapping, got a list.",
            ],
            problems.Select(p => p.ToString()["agents.yaml".Length..]));
        Assert.Equal("agents.perception.retry.on[1]", problems.Single(p => p.Code == "AG1015").Path);
        Assert.Equal("queues[\"bad queue\"].slot", problems.Single(p => p.Column == 18).Path);
    }

    [Theory]
    [InlineData("60/m", "60/m", 1_000)]
    [InlineData("1000/s", "1000/s", 1)]
    [InlineData("10/h", "10/h", 360_000)]
    [InlineData("{ requests: 60, per: 1m, burst: 10 }", "60/m, burst 10", 1_000)]
    [InlineData("{ requests: 5, per: 90s }", "5 per 1m30s", 18_000)]
    [InlineData("{ requests: 500/m, tokens: 90000/m, estimate: 1200 }", "500/m, 90000 tokens/m, estimate 1200", 120)]
    [InlineData("{ requests: 5, per: 1s, burst: 2, tokens: 90000/h }", "5/s, burst 2, 90000 tokens/h", 200)]
    [InlineData("{ tokens: 90000, per: 90s }", "90000 tokens per 1m30s", 0)]
    public void Read_RateLimit_IsSaidAsPeopleWriteIt(string yaml, string text, int milliseconds)
    {
        var limit = Good($"agents: {{ echo: {{ rate_limit: {yaml} }} }}").Agents["echo"].RateLimit!;

        Assert.Equal((text, TimeSpan.FromMilliseconds(milliseconds)), (limit.ToString(), limit.Interval));
    }

    [Theory]
    [InlineData("{ tokens: 90000/m, estimate: 90001 }", "AG1005: 'estimate' is 90001 tokens, and the limit of 90000/m never has more than 90000 at once: no attempt could ever start. Lower 'estimate', or raise 'tokens'.")]
    [InlineData("{ tokens: many }", "AG1029: 'tokens': expected so many per s, m, h or d, such as 500/m, or a number beside 'per'; got 'many'.")]
    [InlineData("{ requests: 5/m, estimate: 9 }", "AG1013: 'estimate' has no meaning without 'tokens': remove it, or say how many 'tokens'.")]
    [InlineData("{ tokens: 90000/m, burst: 2 }", "AG1013: 'burst' has no meaning without 'requests': remove it, or say how many 'requests'.")]
    [InlineData("{ tokens: 90000 }", "AG1008: 'rate_limit' needs 'per', such as 60/m, or { requests: 60, per: 1m, burst: 10 }.")]
    [InlineData("60", "AG1029: 'rate_limit': expected starts per s, m, h or d, such as 60/m, or { requests: 60, per: 1m, burst: 10 }; got '60'.")]
    [InlineData("0/m", "AG1029: 'rate_limit': expected starts per s, m, h or d, such as 60/m, or { requests: 60, per: 1m, burst: 10 }; got '0/m'.")]
    [InlineData("1/minute", "AG1029: 'rate_limit': expected starts per s, m, h or d, such as 60/m, or { requests: 60, per: 1m, burst: 10 }; got '1/minute'.")]
    [InlineData("{ requests: 60 }", "AG1008: 'rate_limit' needs 'per', such as 60/m, or { requests: 60, per: 1m, burst: 10 }.")]
    [InlineData("{ requests: 60, per: 2d }", "AG1005: 'per' can be a day at most, not 48h.")]
    [InlineData("2000/s", "AG1005: 'rate_limit' is 2000/s; it can be 1000 a second at most. Leave it out where there is no limit.")]
    public void Read_RateLimitThatIsNone_IsRefused(string yaml, string problem) => Assert.EndsWith(
        problem, Assert.Single(Bad($"agents: {{ echo: {{ rate_limit: {yaml} }} }}")).ToString());

    [Theory]
    [InlineData("off", 0, 0)]
    [InlineData("false", 0, 0)]
    [InlineData("{ failures: 3, cooldown: 2s }", 3, 2)]
    [InlineData("{ failures: 3 }", 3, 30)]
    [InlineData("{ cooldown: 1m }", 5, 60)]
    [InlineData("", 5, 30)]
    public void Read_Breaker_IsOnUnlessItIsOff(string yaml, int failures, int seconds) => Assert.Equal(
        new BreakerPolicy(failures, TimeSpan.FromSeconds(seconds)),
        Good($"agents: {{ echo: {{ breaker: {yaml} }} }}").Agents["echo"].Breaker);

    [Theory]
    [InlineData("on", "AG1014: 'breaker': expected off, or { failures: 5, cooldown: 30s }, got 'on'.")]
    [InlineData("{ failures: 0 }", "AG1005: 'failures' must be 1 to 1000, not 0.")]
    [InlineData("{ cooldown: 2h }", "AG1005: 'cooldown' can be an hour at most, not 2h.")]
    public void Read_BreakerThatIsNone_IsRefused(string yaml, string problem) => Assert.EndsWith(
        problem, Assert.Single(Bad($"agents: {{ echo: {{ breaker: {yaml} }} }}")).ToString());

    [Fact]
    public void Read_UnknownAgentNothingLike_ListsTheKnownOnes()
    {
        var problem = Assert.Single(Bad("agents: { zzzzzzzzzzzz: {} }"));

        Assert.Contains("known: echo, kinematics_validator, motion_backup", problem.Message);
    }

    [Fact]
    public void Read_UndeclaredQueueNothingLike_HasNoLimit()
    {
        var config = Good("queues: { gpu: { slots: 1 } }\nagents: { echo: { queue: storage } }");

        Assert.Null(config.Queues["storage"].Slots);
    }

    [Fact]
    public void Read_MaxBackoffBelowTheDefaultBackoff_ShortensIt()
    {
        var retry = Good("agents: { echo: { retry: { max_backoff: 50ms } } }").Agents["echo"].Retry;

        Assert.Equal(TimeSpan.FromMilliseconds(50), retry.Backoff);
    }

    [Fact]
    public void Read_ImpossibleAttribute_IsReportedWithItsClass()
    {
        var result = ConfigReader.Read([], AgentCatalog.Of(typeof(TestAgents.Impossible)));

        Assert.Null(result.Config);
        Assert.Equal(4, result.Problems.Length);
        Assert.All(result.Problems, p =>
        {
            Assert.Equal(("AG1018", "agents.impossible"), (p.Code, p.Path));
            Assert.Contains(typeof(TestAgents.Impossible).FullName!, p.Message);
        });
    }

    [Fact]
    public void Read_MoreProblemsThanTheLimit_SaysHowManyAreNotListed()
    {
        var problems = Bad($"agents: {{ {string.Join(", ", Enumerable.Range(0, 500).Select(i => $"x{i}: {{}}"))} }}");

        Assert.Equal(ProblemList.Limit + 1, problems.Length);
        Assert.Equal("AG1019", problems[^1].Code);
        Assert.Contains("300 more", problems[^1].Message);
    }

    private static GridConfig Good(string? agents = null)
    {
        var result = ConfigReader.Read(Files(agents), TestAgents.Catalog);
        Assert.Empty(result.Problems);
        return result.Config!;
    }

    private static ImmutableArray<ConfigProblem> Bad(string agents)
    {
        var result = ConfigReader.Read(Files(agents), TestAgents.Catalog);
        Assert.Null(result.Config);
        return result.Problems;
    }

    private static ConfigFile[] Files(string? agents) => agents is null ? [] : [new ConfigFile("agents.yaml", agents)];
}
