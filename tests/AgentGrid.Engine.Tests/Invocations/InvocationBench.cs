using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Tests.Agents;
using AgentGrid.Simulation.Clock;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Tests.Invocations;

/// <summary>A node with one agent of one slot, whose threads and clock stand still until a test moves them.</summary>
internal sealed class InvocationBench
{
    private readonly SimulatedClock _clock = new();
    private readonly SimulatedTime _time;

    /// <param name="isReal">With the clock and the threads of this process.</param>
    public InvocationBench(bool isReal = false)
    {
        _time = new SimulatedTime(_clock);
        Services = new InvocationServices
        {
            Node = "node",
            Agents = new AgentInstances(
                AgentCatalog.Of(typeof(BenchAgent)), _ => Agent, Contexts.Of(TimeProvider.System), static _ => true, Log),
            Slots = new SlotTable(isReal ? TimeProvider.System : _time, isReal ? Engine.Platform.Process : Platform),
            Running = new InvocationCount(),
            Abandoned = new AbandonedInvocations(),
            Platform = isReal ? Engine.Platform.Process : Platform,
            Time = isReal ? TimeProvider.System : _time,
            Logger = Log,
            CancelGrace = TimeSpan.FromSeconds(10),
            MaxOutputBytes = 1_000,
        };
        Services.Slots.PutNode(new NodeState { Name = "node" });
        Configure(new AgentConfig { Name = "agent", MaxConcurrency = 1 });
    }

    public InvocationServices Services { get; }
    public BenchAgent Agent { get; } = new();
    public BenchPlatform Platform { get; } = new();
    public BenchLog Log { get; } = new();

    /// <summary>How many hold a slot, how many wait for one, and how many were given up on and have not returned.</summary>
    public (int Running, int Waiting, int Abandoned) Load => Services.Slots.Named("agent") is { } load
        ? (load.Running, load.Waiting, Services.Abandoned.Count("agent"))
        : default;

    public void Configure(params AgentConfig[] agents) => Services.Slots.Configure(new GridConfig
    {
        Agents = agents.ToImmutableSortedDictionary(static a => a.Name, static a => a),
    });

    /// <summary>On a slot that is free now.</summary>
    public BenchInvocation Take() => new(Services, Services.Slots.TryTake("agent")!);

    /// <summary>On a slot that it waits for.</summary>
    public BenchInvocation Wait() => new(Services);

    public BenchInvocation Started(BenchInvocation invocation)
    {
        invocation.Start();
        Platform.RunAll();
        return invocation;
    }

    /// <summary>Waits until every invocation has ended.</summary>
    public Task IdleAsync() => Services.Running.WhenIdleAsync()
        .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    public void Pass(TimeSpan time)
    {
        _clock.MoveTo(_clock.Now + time);
        while (_time.FireOne())
        {
        }
    }
}

/// <summary>Notes what it is told.</summary>
internal sealed class BenchInvocation : Invocation
{
    private readonly ConcurrentQueue<string> _told = new();

    public BenchInvocation(InvocationServices services, TakenSlot slot)
        : base(services, "agent", slot)
    {
    }

    public BenchInvocation(InvocationServices services)
        : base(services, "agent", DateTimeOffset.MaxValue, gpu: null)
    {
    }

    public override string Key => "run/step/1";

    public override InvokedAttempt Attempt => new(RunId.From(new Guid(1, 2, 3, new byte[8])), "match", "1", "step", 1);

    public string[] Told => [.. _told];

    protected override AgentInvocation OnBegin()
    {
        _told.Enqueue("begins");
        return new AgentInvocation
        {
            RunId = Attempt.RunId,
            Key = new RunKey("match", "1"),
            Agent = Agent,
            Step = "step",
            Attempt = 1,
            Deadline = DateTimeOffset.MaxValue,
            InputSource = static () => Json.EmptyObject,
            Progress = this,
        };
    }

    protected override void OnProgress(double fraction, string? message) => _told.Enqueue($"{fraction}: {message}");

    protected override void OnReturned() => _told.Enqueue("returns");

    protected override void OnReleased() => _told.Enqueue("releases");

    protected override void OnEnded(AttemptOutcome? outcome, bool wasAbandoned) => _told.Enqueue(
        (wasAbandoned ? "ends abandoned: " : "ends: ") + outcome switch
        {
            null => "nothing",
            AttemptOutcome.Output output => output.Value.ToString(),
            AttemptOutcome.Error error => $"{error.Reason.Code}: {error.Reason.Message}",
            _ => throw new InvalidOperationException($"Unknown outcome {outcome.GetType()}."),
        });
}

/// <summary>Returns when it is told to, and heeds no cancellation unless it is told to.</summary>
[Agent("agent")]
internal sealed class BenchAgent : IAgent
{
    private readonly TaskCompletionSource<Json> _answer = new();

    public int Calls { get; private set; }
    public AgentInvocation? Invocation { get; private set; }
    public Action<CancellationToken>? OnCalled { get; set; }

    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        (Calls, Invocation) = (Calls + 1, invocation);
        OnCalled?.Invoke(cancellationToken);
        return new ValueTask<Json>(_answer.Task);
    }

    public void Answer() => _answer.SetResult(Json.Parse("1"));

    public void Heed(CancellationToken cancellation) =>
        cancellation.Register(() => _answer.SetException(new OperationCanceledException(cancellation)));
}

internal sealed class BenchPlatform : Platform
{
    private readonly Queue<IThreadPoolWorkItem> _queued = new();

    public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => _queued.Enqueue(work);

    public void RunAll()
    {
        while (_queued.TryDequeue(out var work))
        {
            work.Execute();
        }
    }
}

internal sealed class BenchLog : ILogger
{
    private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first line, when there is one.</summary>
    public Task<string> FirstLine => _first.Task;

    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
        _first.TrySetResult($"{logLevel}: {formatter(state, exception)}: {exception?.InnerException?.Message}");
    }
}
