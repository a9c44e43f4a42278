using System.Diagnostics;
using System.Globalization;
using System.Text;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Tests.Config;

namespace AgentGrid.Core.Tests.Plans;

/// <summary>
/// Plans of 10,000 steps take a fraction of a second. The bound on memory is what notices anything quadratic; the one on
/// time is wide enough for a busy machine.
/// </summary>
public sealed class LargePlanTests
{
    private const int Count = 10_000;
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);
    private const long MostBytes = 200_000_000;

    [Fact]
    public void Read_LongChain_IsSortedFromItsFirstStep()
    {
        var plan = Read(i => i == 0 ? "{ agent: echo }" : $"{{ needs: [s{i - 1}], agent: echo }}");

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"s{i}"), plan.Steps.Select(s => s.Id));
    }

    [Fact]
    public void Read_ChainWrittenBackwards_IsSortedTheSame()
    {
        var plan = Read(i => i == Count - 1 ? "{ agent: echo }" : $"{{ needs: [s{i + 1}], agent: echo }}");

        Assert.Equal($"s{Count - 1}", plan.Steps[0].Id);
        Assert.Equal("s0", plan.Steps[^1].Id);
    }

    [Fact]
    public void Read_ManyParallelStepsAndOneThatNeedsThemAll_IsRead()
    {
        var all = string.Join(", ", Enumerable.Range(0, Count - 1).Select(i => $"s{i}"));
        var plan = Read(i => i < Count - 1 ? "{ agent: echo }" : $"{{ needs: [{all}], agent: echo }}");

        Assert.Equal(Count - 1, plan.Needs[^1].Length);
    }

    [Fact]
    public void Read_ConditionsThatLookFarBack_AreChecked()
    {
        var plan = Read(i => i == 0
            ? "{ agent: echo }"
            : $"{{ needs: [s{i - 1}], agent: echo{(i % 10 == 0 ? ", when: s0.ok" : "")} }}");

        Assert.Equal(Count, plan.Steps.Length);
    }

    [Fact]
    public void Read_OneLongCycle_IsNamedInShort()
    {
        var yaml = Yaml(i => $"{{ needs: [s{(i + 1) % Count}], agent: echo }}");

        var problem = Assert.Single(Measured(() => ConfigReader.Read([yaml], TestAgents.Catalog)).Problems);

        Assert.Contains("s0 -> s1 -> s2", problem.Message);
        Assert.Contains("(10000 steps) -> s0", problem.Message);
    }

    [Fact]
    public void Read_EveryNeedUnknown_StaysCheap()
    {
        var yaml = Yaml(i => $"{{ needs: [{new string('x', 90)}{i}], agent: echo }}");

        var problems = Measured(() => ConfigReader.Read([yaml], TestAgents.Catalog)).Problems;

        Assert.Equal(ProblemList.Limit + 1, problems.Length);
    }

    [Fact]
    public void ReadJson_OneStepWithManyUnknownNeeds_StaysCheap()
    {
        var needs = string.Join(",", Enumerable.Range(0, 100_000).Select(i => $"\"u{i}\""));
        var json = Json.Parse("{\"steps\": {\"a\": {\"agent\": \"x\", \"needs\": [" + needs + "]}}}");

        var problems = Measured(() => PlanReader.ReadJson("p", json)).Problems;

        Assert.Contains("99800 more", problems[^1].Message);
    }

    private static Plan Read(Func<int, string> step)
    {
        var yaml = Yaml(step);
        var result = Measured(() => ConfigReader.Read([yaml], TestAgents.Catalog));
        Assert.Empty(result.Problems);
        var plan = result.Config!.Plans["p"];
        var again = Measured(() => PlanReader.ReadJson("p", plan.Definition)).Plan!;
        Assert.Equal(plan.Version, again.Version);
        return plan;
    }

    private static ConfigFile Yaml(Func<int, string> step)
    {
        var text = new StringBuilder("plans:\n  p:\n    steps:\n");
        for (var i = 0; i < Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"      s{i}: {step(i)}\n");
        }
        return new ConfigFile("plans/p.yaml", text.ToString());
    }

    private static T Measured<T>(Func<T> read)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var result = read();
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, s_bound);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - bytes, 0, MostBytes);
        return result;
    }
}
