using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Conformance.Cast;

/// <summary>One invocation of a scripted agent.</summary>
public sealed class Call
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Call(Script script, AgentInvocation invocation, int number, CancellationToken cancellation)
    {
        (Script, Invocation, Number, Cancellation) = (script, invocation, number, cancellation);
        cancellation.UnsafeRegister(static s => ((TaskCompletionSource)s!).TrySetResult(), _cancelled);
    }

    public Script Script { get; }
    public AgentInvocation Invocation { get; }

    /// <summary>How many invocations of this agent the script has seen, this one included.</summary>
    public int Number { get; }

    public CancellationToken Cancellation { get; }
    public string Agent => Invocation.Agent;
    public JsonElement Input => Invocation.Input.Element;

    /// <summary>Waits until the agent has returned or thrown.</summary>
    public Task EndedAsync() => Limits.WithinAsync(_ended.Task, () => $"the end of {this}");

    /// <summary>Waits until the invocation is told to stop.</summary>
    public Task CancelledAsync() => Limits.WithinAsync(_cancelled.Task, () => $"the cancellation of {this}");

    /// <summary>What an agent answers that has nothing else to say.</summary>
    public Json Answer() => Json.From(new { Invocation.Agent, Invocation.Step, Invocation.Attempt });

    /// <summary>Never returns; ends when it is cancelled, as a well-behaved agent does.</summary>
    public async ValueTask<Json> HangAsync()
    {
        await Task.Delay(Timeout.Infinite, Cancellation);
        return Answer();
    }

    /// <summary>Answers when the gate is opened, or ends when it is cancelled.</summary>
    public async ValueTask<Json> AnswerAfterAsync(Gate gate)
    {
        await gate.PassAsync(this);
        return Answer();
    }

    public override string ToString() => $"{Agent}#{Number} ({Invocation.IdempotencyKey}, try {Invocation.Try})";

    internal void End() => _ended.TrySetResult();
}
