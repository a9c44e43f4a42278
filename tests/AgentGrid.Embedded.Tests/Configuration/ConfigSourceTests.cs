using System.Diagnostics;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Runtime.Configuration;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Tests.Configuration;

public sealed class ConfigSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();
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
        var now = Path.Combine(_folder.Path, "now");
        Directory.CreateSymbolicLink(now, "one");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "agents.yaml"), "now/agents.yaml");
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
            (LogLevel.Information, "The configuration has changed: " +
                "agent 'worker' max_concurrency 2 -> 4; agent 'worker' timeout 15s -> 30s"),
            Assert.Single(_log.Lines));
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
            Directory.Delete(_folder.Path, recursive: true);
        }
        else
        {
            File.Delete(Path.Combine(_folder.Path, "agents.yaml"));
        }
        Settle();
        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        Assert.Equal(ConfigCodes.FileGone, Assert.Single(source.Problems).Code);
        Assert.Empty(_changes);

        Directory.CreateDirectory(_folder.Path);
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

        Assert.Contains($"nobody reads '{name}'", Assert.Throws<ConfigException>(source.Start).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_HiddenFilesOfEditors_AreLeftAlone()
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        _folder.Write("plans/._extra.yaml", "no plan");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, ".#agents.yaml"), "nobody@nowhere");

        using var source = Started();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    public static TheoryData<string> Unreadable => ["nowhere", "loop", "folder", "latin", "large", "denied"];

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Look_NewFileThatCannotBeRead_IsNamedOnceWhileTheRestIsTakenUp(string kind)
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        var reason = MakeUnreadable("plans/extra.yaml", kind);
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        Settle();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        AssertUnreadable("plans/extra.yaml", reason, Assert.Single(source.Problems));
        Assert.Equal(22, Assert.Single(_changes).Agents["worker"].Priority);

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 333 }\n");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(333, source.Current.Agents["worker"].Priority);
        var line = Assert.Single(_log.Lines, l => l.Level >= LogLevel.Warning);
        Assert.Contains("plans/extra.yaml", line.Text, StringComparison.Ordinal);
        Assert.Contains(reason, line.Text, StringComparison.Ordinal);

        Remove("plans/extra.yaml");
        _folder.Write("plans/extra.yaml", Plan("extra"));
        Settle();
        Assert.Empty(source.Problems);
        Assert.True(source.Current.Plans.ContainsKey("extra"));
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Look_FileThatCannotBeReadAnyMore_StaysInForceAsItWas(string kind)
    {
        _folder.Write("plans/extra.yaml", Plan("extra"));
        using var source = Started();

        Remove("plans/extra.yaml");
        var reason = MakeUnreadable("plans/extra.yaml", kind);
        _folder.Write("plans/other.yaml", Plan("other"));
        Settle();

        Assert.Equal(["extra", "other"], source.Current.Plans.Keys);
        AssertUnreadable("plans/extra.yaml", reason, Assert.Single(source.Problems));

        Remove("plans/extra.yaml");
        Settle();
        Assert.Equal("other", Assert.Single(source.Current.Plans.Keys));
        Assert.Empty(source.Problems);
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Start_FileThatCannotBeRead_IsRefusedByName(string kind)
    {
        var reason = MakeUnreadable("plans/extra.yaml", kind);
        using var source = Source();

        AssertUnreadable("plans/extra.yaml", reason, Assert.Single(Assert.Throws<ConfigException>(source.Start).Problems));
    }

    [Fact]
    public void Look_RefusedEditThatCannotBeReadAnyMore_StandsInNobodysWay()
    {
        _folder.Write("plans/extra.yaml", Plan("extra"));
        using var source = Started();
        _folder.Write("plans/extra.yaml", "plans: no mapping");
        Settle();

        Remove("plans/extra.yaml");
        MakeUnreadable("plans/extra.yaml", "nowhere");
        _folder.Write("plans/other.yaml", Plan("other"));
        Settle();

        Assert.Equal(["extra", "other"], source.Current.Plans.Keys);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("file")]
    [InlineData("nowhere")]
    public void Look_FolderOfPlansIsGone_KeepsThePlansAndTakesUpTheRest(string kind)
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        _folder.Write("plans/extra.yaml", Plan("extra"));
        using var source = Started();

        Directory.Delete(Path.Combine(_folder.Path, "plans"), recursive: true);
        if (kind == "file")
        {
            _folder.Write("plans", "no folder");
        }
        else if (kind == "nowhere")
        {
            MakeUnreadable("plans", kind);
        }
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        Settle();

        Assert.Equal("extra", Assert.Single(source.Current.Plans.Keys));
        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        var problem = Assert.Single(source.Problems);
        Assert.Equal(("plans", kind == "gone" ? ConfigCodes.FileGone : ConfigCodes.Unreadable), (problem.File, problem.Code));

        File.Delete(Path.Combine(_folder.Path, "plans"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "plans"));
        Settle();
        Assert.Empty(source.Current.Plans);
        Assert.Empty(source.Problems);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("nowhere")]
    public void Start_FolderOfPlansIsNone_IsRefused(string kind)
    {
        MakeUnreadable("plans", kind);
        using var source = Source();

        Assert.Equal("plans", Assert.Single(Assert.Throws<ConfigException>(source.Start).Problems).File);
    }

    [Fact]
    public async Task Look_NamedPipe_HoldsNothingUp()
    {
        using var source = Started();
        Directory.CreateDirectory(Path.Combine(_folder.Path, "plans"));
        using (var mkfifo = Process.Start("mkfifo", [Path.Combine(_folder.Path, "plans/extra.yaml")]))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        await Task.Run(Settle, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    [Fact]
    public void Look_TextInUtf16WithItsMark_IsRead()
    {
        using var source = Started();

        // As PowerShell 5 writes what is sent into a file.
        File.WriteAllText(Path.Combine(_folder.Path, "agents.yaml"), "agents:\n  worker: { priority: 22 }\n", Encoding.Unicode);
        Settle();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    private static string Plan(string name) => $"plans:\n  {name}:\n    steps:\n      a: {{ agent: worker }}\n";

    private static void AssertUnreadable(string name, string reason, ConfigProblem problem)
    {
        Assert.Equal((name, ConfigCodes.Unreadable), (problem.File, problem.Code));
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }

    // Returns some of what is to be said of it.
    private string MakeUnreadable(string name, string kind)
    {
        var path = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        switch (kind)
        {
            case "nowhere":
                File.CreateSymbolicLink(path, "/nowhere");
                return "leads to '/nowhere', which is not there";
            case "loop":
                File.CreateSymbolicLink(path, path);
                return "symbolic link";
            case "folder":
                Directory.CreateDirectory(path);
                return "is a folder";
            case "latin":
                File.WriteAllBytes(path, [.. "# D"u8, 0xFC, .. "mmer\n"u8]);
                return "byte 4 is not UTF-8";
            case "large":
                File.WriteAllText(path, new string('#', 16 * 1024 * 1024 + 1));
                return "larger than 16 MiB";
            case "file":
                File.WriteAllText(path, "");
                return "";
            default:
                Assert.SkipWhen(Environment.IsPrivilegedProcess, "Nothing is denied to root.");
                File.WriteAllText(path, "plans: {}");
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(path, UnixFileMode.None);
                }
                return "denied";
        }
    }

    private void Remove(string name)
    {
        var path = Path.Combine(_folder.Path, name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
        File.Delete(path);
    }

    private void Settle() => _time.Advance(TimeSpan.FromSeconds(2));

    private ConfigSource Source() =>
        new(_folder.Path, AgentCatalog.Of(typeof(Worker)), _time, _log);

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

    private sealed class LogLines : ILogger
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add((logLevel, formatter(state, exception)));
    }
}
