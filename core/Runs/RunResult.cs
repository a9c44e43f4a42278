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
            var value = path.Resolve(root => root == Plans.ValuePath.InputRoot
                ? state.Input.Element
                : state.Plan.TryIndexOf(root, out var i) ? state.Steps[i].Output?.Element : null);
            if (value is { } element)
            {
                element.WriteTo(writer);
            }
            else
            {
                writer.WriteNullValue();
            }
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
