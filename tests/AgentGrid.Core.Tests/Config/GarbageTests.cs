using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Tests.Plans;

namespace AgentGrid.Core.Tests.Config;

/// <summary>Whatever the text, there is an answer: a configuration, or problems never an exception.</summary>
public sealed class GarbageTests
{
    private const string Agents = """
        queues: { gpu: { slots: 8 } }
        agents:
          motion_generator:
            capabilities: [motion_generation]
            priority: 10
            retry: &retry { max_attempts: 2, backoff: 200ms, jitter: 0.2, on: [error] }
            resources: { gpu_memory_mb: 4096 }
          echo: { timeout: 20s, retry: *retry, capabilities: [!!str 12] }
        """;

    private const string Plans = """
        default: p
        plans:
          p:
            timeout: 5m
            steps:
              a: { capability: perception, timeout: 15s, when: "input.x > 1 and not (input['y'] == 'z')" }
              b: { needs: [a], agent: echo, mode: each, for_each: "a.items[0].x", input: { n: -1.5e3, s: "\u00fc\n" } }
              c:
                needs:
                  - a
                  - b
                capability: scoring
                mode: race
                hedge_after: 0s
            result: { score: c.score } # the end
        """;

    private static readonly string[] s_pieces =
    [
        "\t", "\n", " ", ":", "- ", "[", "]", "{", "}", "&a", "*a", "!", "!!", "|", ">", "'", "\"", "\\", "#",
        "%", "@", "`", "?", ",", "---", "...", "<<: *a", "~", "\0", "\ud800", "\uFEFF", "\u0085",
        "\\U00110000", "\\ud800", "1e999", "0x",
        "-", "s", "💥", "needs", "steps: ", "\r", "a: &a [*a]", "%YAML 9.9\n", "!<", "\u2028",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_MutatedYaml_GivesProblemsAndNeverThrows(int seed)
    {
        Assert.Empty(ConfigReader.Read([new("agents.yaml", Agents), new("plans/p.yaml", Plans)], TestAgents.Catalog).Problems);
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < Cases(1_000); i++)
        {
            ConfigFile[] files =
            [
                new("agents.yaml", Mutate(Agents, random)),
                new("plans/p.yaml", Mutate(Plans, random)),
            ];
            refused += Refused(
                () => ConfigReader.Read(files, TestAgents.Catalog), r => r.Config is null, r => r.Problems,
                $"seed {seed}, try {i}:\n{files[0].Text}\n=====\n{files[1].Text}");
        }
        Assert.InRange(refused, Cases(1_000) / 3, Cases(1_000) - 1);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void ReadJson_MutatedJson_GivesProblemsAndNeverThrows(int seed)
    {
        var random = new Random(seed);
        var plans = new RandomPlans(seed);
        var (refused, tried) = (0, 0);
        for (var i = 0; i < Cases(2_000); i++)
        {
            var text = Mutate(plans.Next().ToJsonString(), random);
            if (!TryParse(text, out var json))
            {
                continue;
            }
            tried++;
            refused += Refused(() => PlanReader.ReadJson("p", json), r => r.Plan is null, r => r.Problems,
                $"seed {seed}, try {i}:\n{text}");
        }
        Assert.InRange(refused, tried / 10, tried - 1);
    }

    [Theory]
    [InlineData(6)]
    public void Parse_MutatedConditionsAndPaths_NeverThrow(int seed)
    {
        var random = new Random(seed);
        var input = Json.Parse("""{"x": 2, "y": "z", "list": [1, {"a": null}]}""");
        var parsed = 0;
        for (var i = 0; i < Cases(10_000); i++)
        {
            var text = Mutate("input.x >= 1.5 and not (input['y'] == 'z' or input.list[1].a) or true", random);
            if (Condition.Parse(text, out var problem) is { } condition)
            {
                parsed++;
                condition.Evaluate(root => root == "input" ? input : null);
                Assert.NotNull(Condition.Parse(condition.Text, out _));
            }
            else
            {
                Assert.NotNull(problem);
            }
        }
        Assert.InRange(parsed, Cases(10_000) / 200, Cases(10_000) - 100);
    }

    // AGENTGRID_FUZZ_CASES, as for the whole server.
    private static int Cases(int usual) => int.TryParse(
        Environment.GetEnvironmentVariable("AGENTGRID_FUZZ_CASES"), CultureInfo.InvariantCulture, out var cases)
        ? Math.Max(usual, cases)
        : usual;

    private static int Refused<T>(
        Func<T> read, Func<T, bool> isRefused, Func<T, IReadOnlyList<ConfigProblem>> problems, string context)
    {
        T result;
        try
        {
            result = read();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(context, e);
        }
        Assert.True(isRefused(result) == (problems(result).Count > 0), context);
        Assert.True(
            problems(result).All(p =>
                p.Message.Length > 0 && p.Code.Length == 6 && (p.File is null || p is { Line: >= 1, Column: >= 1 })),
            $"{context}\n{string.Join("\n", problems(result))}");
        return isRefused(result) ? 1 : 0;
    }

    private static string Mutate(string text, Random random)
    {
        var mutated = new StringBuilder(text);
        for (var i = random.Next(4); i > 0 && mutated.Length > 0; i--)
        {
            var at = random.Next(mutated.Length);
            var length = Math.Min(random.Next(1, 9), mutated.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    mutated.Remove(at, length);
                    break;
                case 1:
                    mutated.Insert(random.Next(mutated.Length), mutated.ToString(at, length));
                    break;
                case 2:
                    mutated.Length = at;
                    break;
                default:
                    mutated.Insert(at, s_pieces[random.Next(s_pieces.Length)]);
                    break;
            }
        }
        return mutated.ToString();
    }

    private static bool TryParse(string text, out Json json)
    {
        try
        {
            json = Json.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            json = Json.Null;
            return false;
        }
    }
}
