using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Engine.Configuration;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Tests.Configuration;

public sealed partial class ConfigSourceTests : IDisposable
{
    private readonly Scratch _folder = new();
    private readonly ManualTime _time = new();
    private readonly LogLines _log = new();
    private readonly List<GridConfig> _changes = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Start_BadFiles_RefusesWithEveryMistake()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priorty: 1 }\n  nobody: {}\n");
        using var source = Source();

        var refusal = Assert.Throws<ConfigException>(source.Start);

        Assert.Equal(2, refusal.Problems.Length);
        Assert.Contains("agents.yaml(2,", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'priority'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ReferenceInALiteralInput_IsWarnedOfOnce()
    {
        const string Plan = "plans: { p: { steps: { a: { agent: worker, input: { x: '${y}' } } } } }\n";
        _folder.Write("plans/p.yaml", Plan);
        using var source = Started();
        Settle();
        var first = Assert.Single(_log.Of(LogLevel.Warning));
        _folder.Write("plans/p.yaml", $"# once more\n{Plan}");
        Settle();

        Assert.Contains("plans/p.yaml(1,56): AG1118: step 'a'", first, StringComparison.Ordinal);
        Assert.Equal(2, _log.Of(LogLevel.Warning).Length);
        Assert.Empty(source.Problems);
    }

    [Fact]
    public void Look_GoodEdit_IsInForceWithinTwoSeconds()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        Settle();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        Assert.Equal(22, Assert.Single(_changes).Agents["worker"].Priority);
    }

    [Fact]
    public void Look_BadEdit_IsRefusedAndNamedUntilItIsMended()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: high }\n");
        Settle();
        Assert.Equal(1, source.Current.Agents["worker"].Priority);
        Assert.Equal(2, Assert.Single(source.Problems).Line);
        Assert.Empty(_changes);

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 333 }\n");
        Settle();
        Assert.Equal(333, source.Current.Agents["worker"].Priority);
        Assert.Empty(source.Problems);
    }

    [Fact]
    public void Look_LinkThatLeadsElsewhere_IsAnEdit()
    {
        // As Kubernetes mounts a ConfigMap: the file links into a folder, which is a link that is exchanged.
        _folder.Write("one/agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        _folder.Write("two/agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        var now = Path.Combine(_folder.Folder, "now");
        Directory.CreateSymbolicLink(now, "one");
        File.CreateSymbolicLink(Path.Combine(_folder.Folder, "agents.yaml"), "now/agents.yaml");
        using var source = Started();

        Directory.Delete(now);
        Directory.CreateSymbolicLink(now, "two");
        Settle();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    [Fact]
    public void Look_NewPlanFile_IsPickedUp()
    {
        using var source = Started();

        _folder.Write("plans/extra.yaml", "plans:\n  extra:\n    steps:\n      a: { agent: worker }\n");
        Settle();

        Assert.True(source.Current.Plans.ContainsKey("extra"));
    }

    [Fact]
    public void Look_NothingChanged_TellsNobody()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Empty(_changes);
    }

    [Fact]
    public void Look_GoodEdit_LogAndSourceSayWhatChanged()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { max_concurrency: 2, timeout: 15s }\n");
        using var source = Started();
        Assert.Empty(source.Changes);

        _folder.Write("agents.yaml", "agents:\n  worker: { max_concurrency: 4, timeout: 30s }\n");
        Settle();

        Assert.Equal(
            ["The configuration has changed: " +
                "agent 'worker' max_concurrency 2 -> 4; agent 'worker' timeout 15s -> 30s"],
            _log.Of(LogLevel.Information));
        Assert.Equal(["agent 'worker' max_concurrency 2 -> 4", "agent 'worker' timeout 15s -> 30s"], source.Changes);
        Assert.Equal(_time.GetUtcNow(), source.LoadedAt);
    }

    [Fact]
    public void Look_EditThatSaysTheSame_LeavesTheLastChangeAndItsTime()
    {
        using var source = Started();
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        Settle();
        var (loaded, changes) = (source.LoadedAt, source.Changes);

        _folder.Write("agents.yaml", "# Preferred.\nagents:\n  worker:\n    priority: 1\n");
        Settle();

        Assert.Equal(["agent 'worker' priority 0 -> 1"], changes);
        Assert.Equal((loaded, changes), (source.LoadedAt, source.Changes));
        Assert.Equal([LogLevel.Information, LogLevel.Debug], _log.Lines.Select(l => l.Level));
    }

    [Fact]
    public void Look_BadEditThatIsTakenBack_IsSaidToBeOver()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: high }\n");
        Settle();
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        Settle();

        Assert.Empty(source.Problems);
        Assert.Equal([LogLevel.Error, LogLevel.Information], _log.Lines.Select(l => l.Level));
        Assert.Contains("say the same", _log.Lines[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_FileThatIsStillWritten_IsNotReadBeforeItIsWhole()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        // Half of a file can be valid, and mean that agents are gone.
        foreach (var half in new[] { "", "agents:\n", "agents:\n  worker: { priority: 2 }\n" })
        {
            _folder.Write("agents.yaml", half);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(1, source.Current.Agents["worker"].Priority);
        }
        Assert.Empty(_changes);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Assert.Single(_changes).Agents["worker"].Priority);
    }

    [Fact]
    public void Look_LateLooksAtOnce_AreNotTakenForASecondWithoutAChange()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        source.Look();
        source.Look();
        Assert.Equal(1, source.Current.Agents["worker"].Priority);

        Settle();
        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Look_AgentsFileIsGone_IsRefusedUntilItIsBack(bool folder)
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        using var source = Started();

        if (folder)
        {
            Directory.Delete(_folder.Folder, recursive: true);
        }
        else
        {
            File.Delete(Path.Combine(_folder.Folder, "agents.yaml"));
        }
        Settle();
        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        Assert.Equal(ConfigCodes.FileGone, Assert.Single(source.Problems).Code);
        Assert.Empty(_changes);

        Directory.CreateDirectory(_folder.Folder);
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 333 }\n");
        Settle();
        Assert.Equal(333, source.Current.Agents["worker"].Priority);
        Assert.Empty(source.Problems);
    }

    [Theory]
    [InlineData("agents.yml")]
    [InlineData("plans/extra.yml")]
    [InlineData("plans/extra.YAML")]
    [InlineData("Agents.yaml")]
    public void Start_FileThatNobodyWouldRead_IsRefused(string name)
    {
        _folder.Write(name, "plans:\n  extra:\n    steps:\n      a: { agent: worker }\n");
        using var source = Source();

        Assert.Contains($"'{name}' is not read", Assert.Throws<ConfigException>(source.Start).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_HiddenFilesOfEditors_AreLeftAlone()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        _folder.Write("plans/._extra.yaml", "no plan");
        File.CreateSymbolicLink(Path.Combine(_folder.Folder, ".#agents.yaml"), "nobody@nowhere");

        using var source = Started();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    private static string Plan(string name) => $"plans:\n  {name}:\n    steps:\n      a: {{ agent: worker }}\n";

    private void Settle() => _time.Advance(TimeSpan.FromSeconds(2));

    private ConfigSource Source() =>
        new(_folder.Folder, AgentCatalog.Of(typeof(Worker)), _time, _log);

    private ConfigSource Started()
    {
        var source = Source();
        source.Changed += _changes.Add;
        source.Start();
        return source;
    }

    [Agent("worker", Capabilities = ["work"])]
    private sealed class Worker : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Json.Null);
    }
}
