using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>What a completed step hands on, by its mode.</summary>
internal static class StepOutput
{
    /// <summary>
    /// One and race: the winner's output. All: an object of outputs by agent. Each: an array in the order of the
    /// items, null for an item without a success. Where all branches are waited for, those that failed have
    /// <c>{"failed": {"agent": ..., "code": ..., "message": ...}}</c> in their places. Of a step that waited: what was sent,
    /// and of an approval also by whom and when.
    /// </summary>
    public static Json Of(StepState step, ImmutableArray<int> winners) => step.Step.Mode switch
    {
        _ when step.Step.Wait is { } wait => OfWait(wait, step.Received),
        StepMode.One or StepMode.Race => step.Attempts[winners[0] - 1].Output!,
        StepMode.All => ByAgent(step, winners),
        StepMode.Each => ByItem(step, winners),
        _ => throw new InvalidOperationException($"unknown mode {step.Step.Mode}"),
    };

    // What was sent, or what was decided by whom and when; or else what the plan has for when nothing comes.
    private static Json OfWait(StepWait wait, ReceivedSignal? received) =>
        received is null ? wait.Default ?? Json.Null
        : wait.Approval is null ? received.Data
        : Json.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("approved", true);
            if (received.By is { } by)
            {
                writer.WriteString("by", by);
            }
            writer.WriteString("at", received.At);
            foreach (var member in received.Data.Element.EnumerateObject())
            {
                if (member.Name != "approved" && member.Value.ValueKind != JsonValueKind.Null)
                {
                    member.WriteTo(writer);
                }
            }
            writer.WriteEndObject();
        });

    private static Json ByAgent(StepState step, ImmutableArray<int> winners)
    {
        var parts = winners.Select(w => step.Attempts[w - 1])
            .Concat(Failures(step).Values.OrderBy(static a => a.Branch))
            .Select(static a => (a.Agent, Value: a.Error is null ? a.Output! : FailureOf(a))).ToArray();
        return Of(parts.Select(static p => p.Value), writer =>
        {
            writer.WriteStartObject();
            foreach (var (agent, value) in parts)
            {
                writer.WritePropertyName(agent);
                value.WriteTo(writer);
            }
            writer.WriteEndObject();
        });
    }

    private static Json ByItem(StepState step, ImmutableArray<int> winners)
    {
        var outputs = new Json[step.Branches.Count];
        Array.Fill(outputs, Json.Null);
        foreach (var winner in winners)
        {
            var attempt = step.Attempts[winner - 1];
            outputs[attempt.Branch] = attempt.Output!;
        }
        foreach (var (branch, failed) in Failures(step))
        {
            outputs[branch] = FailureOf(failed);
        }
        return Of(outputs, writer =>
        {
            writer.WriteStartArray();
            foreach (var output in outputs)
            {
                output.WriteTo(writer);
            }
            writer.WriteEndArray();
        });
    }

    // What has parts that are stored elsewhere is put together when somebody asks for it, and not kept.
    private static Json Of(IEnumerable<Json> parts, Action<Utf8JsonWriter> write) =>
        parts.Any(static p => p.Storage is not null) ? Json.Later(() => Json.Build(write)) : Json.Build(write);

    // The last attempts of the branches that have failed, where that is handed on.
    private static Dictionary<int, AttemptState> Failures(StepState step)
    {
        var failures = new Dictionary<int, AttemptState>();
        if (step.Step.Require.Settles)
        {
            foreach (var attempt in step.Attempts.Skip(step.AttemptsBeforeRetry).Where(static a => a.Error is not null))
            {
                if (step.Branches[attempt.Branch].Status == BranchStatus.Failed)
                {
                    failures[attempt.Branch] = attempt;
                }
            }
        }
        return failures;
    }

    private static Json FailureOf(AttemptState attempt) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("failed");
        writer.WriteString("agent", attempt.Agent);
        writer.WriteString("code", attempt.Error!.Code);
        writer.WriteString("message", attempt.Error.Message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });
}
