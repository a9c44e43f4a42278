namespace AgentGrid.Core.Runs;

/// <summary>What a completed run answers with.</summary>
internal static class RunResult
{
    /// <summary>
    /// An object of what the plan's <c>result</c> names (null where a path leads nowhere), or else of the outputs of
    /// the steps that no other step needs.
    /// </summary>
    public static Json Of(RunState state) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        foreach (var (name, path) in state.Plan.Settings.Result)
        {
            writer.WritePropertyName(name);
            (path.Find(state.Root) ?? Json.Null).WriteTo(writer);
        }
        if (state.Plan.Settings.Result.IsEmpty)
        {
            foreach (var step in state.Steps)
            {
                if (state.Plan.Dependants[step.Index].IsEmpty)
                {
                    writer.WritePropertyName(step.Id);
                    (step.Output ?? Json.Null).WriteTo(writer);
                }
            }
        }
        writer.WriteEndObject();
    });
}
