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

    private static Json ByAgent(StepState step, ImmutableArray<int> winners) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        foreach (var winner in winners)
        {
            var attempt = step.Attempts[winner - 1];
            writer.WritePropertyName(attempt.Agent);
            attempt.Output!.WriteTo(writer);
        }
        foreach (var failed in Failures(step).Values.OrderBy(static a => a.Branch))
        {
            writer.WritePropertyName(failed.Agent);
            WriteFailure(writer, failed);
        }
        writer.WriteEndObject();
    });

    private static Json ByItem(StepState step, ImmutableArray<int> winners) => Json.Build(writer =>
    {
        var outputs = new Json?[step.Branches.Count];
        foreach (var winner in winners)
        {
            var attempt = step.Attempts[winner - 1];
            outputs[attempt.Branch] = attempt.Output;
        }
        var failures = Failures(step);
        writer.WriteStartArray();
        for (var i = 0; i < outputs.Length; i++)
        {
            if (failures.TryGetValue(i, out var failed))
            {
                WriteFailure(writer, failed);
                continue;
            }
            (outputs[i] ?? Json.Null).WriteTo(writer);
        }
        writer.WriteEndArray();
    });

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

    private static void WriteFailure(Utf8JsonWriter writer, AttemptState attempt)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("failed");
        writer.WriteString("agent", attempt.Agent);
        writer.WriteString("code", attempt.Error!.Code);
        writer.WriteString("message", attempt.Error.Message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
