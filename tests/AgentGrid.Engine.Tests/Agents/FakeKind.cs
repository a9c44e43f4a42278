using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Engine.Tests.Agents;

/// <summary>A kind whose agents answer with their <c>word</c>, and are ready when a test says so.</summary>
internal sealed class FakeKind : IAgentKind
{
    public List<FakeKindAgent> Made { get; } = [];

    public string Name => "fake";

    public ImmutableArray<string> Keys => ["word"];

    public KindSettings? Read(MappingReader agent, ProblemList problems) => new Settings(agent.Text("word") ?? "");

    public IKindAgent Create(AgentConfig agent, AgentKindContext context)
    {
        var made = new FakeKindAgent(((Settings)agent.Kind!.Settings!).Word);
        Made.Add(made);
        return made;
    }

    private sealed record Settings(string Word) : KindSettings
    {
        public override string Target => Word;
    }
}

/// <inheritdoc cref="FakeKind"/>
internal sealed class FakeKindAgent(string word) : IKindAgent
{
    private TaskCompletionSource _ready = new();

    public string Word => word;

    public bool IsDisposed { get; private set; }

    public AgentHealth Health { get; set; } = AgentHealth.Healthy;

    public void BecomeReady() => _ready.TrySetResult();

    /// <summary>It cannot be made ready now; the next try waits anew.</summary>
    public void Fail(string reason)
    {
        var before = _ready;
        _ready = new TaskCompletionSource();
        before.SetException(new AgentException("broken", reason));
    }

    public Task WarmUpAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Json.From(word));

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
