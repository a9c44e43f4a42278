using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Runtime.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Tests.Configuration;

public sealed class ConfigSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ManualTime _time = new();
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
    public void Look_GoodEdit_IsInForceWithinASecond()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        Assert.Equal(22, Assert.Single(_changes).Agents["worker"].Priority);
    }

    [Fact]
    public void Look_BadEdit_IsRefusedAndNamedUntilItIsMended()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: high }\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, source.Current.Agents["worker"].Priority);
        Assert.Equal(2, Assert.Single(source.Problems).Line);
        Assert.Empty(_changes);

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 333 }\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(333, source.Current.Agents["worker"].Priority);
        Assert.Empty(source.Problems);
    }

    [Fact]
    public void Look_LinkThatLeadsElsewhere_IsAnEdit()
    {
        // As Kubernetes mounts a ConfigMap: the file links into a folder, which is a link that is exchanged.
        _folder.Write("one/agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        _folder.Write("two/agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        var now = Path.Combine(_folder.Path, "now");
        Directory.CreateSymbolicLink(now, "one");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "agents.yaml"), "now/agents.yaml");
        using var source = Started();

        Directory.Delete(now);
        Directory.CreateSymbolicLink(now, "two");
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    [Fact]
    public void Look_NewPlanFile_IsPickedUp()
    {
        using var source = Started();

        _folder.Write("plans/extra.yaml", "plans:\n  extra:\n    steps:\n      a: { agent: worker }\n");
        _time.Advance(TimeSpan.FromSeconds(1));

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

    private ConfigSource Source() =>
        new(_folder.Path, AgentCatalog.Of(typeof(Worker)), _time, NullLogger.Instance);

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
