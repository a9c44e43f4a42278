using System.Collections.Immutable;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>What a completed step hands on, by its mode.</summary>
internal static class StepOutput
{
    /// <summary>
    /// One and race: the winner's output. All: an object of outputs by agent. Each: an array in the order of the
    /// items, null for an item without a success.
    /// </summary>
    public static Json Of(StepState step, ImmutableArray<int> winners) => step.Step.Mode switch
    {
        StepMode.One or StepMode.Race => step.Attempts[winners[0] - 1].Output!,
        StepMode.All => ByAgent(step, winners),
        StepMode.Each => ByItem(step, winners),
        _ => throw new InvalidOperationException($"unknown mode {step.Step.Mode}"),
    };

    private static Json ByAgent(StepState step, ImmutableArray<int> winners) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        foreach (var winner in winners)
        {
            var attempt = step.Attempts[winner - 1];
            writer.WritePropertyName(attempt.Agent);
            attempt.Output!.WriteTo(writer);
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
        writer.WriteStartArray();
        foreach (var output in outputs)
        {
            (output ?? Json.Null).WriteTo(writer);
        }
        writer.WriteEndArray();
    });
}
