using System.Collections.Immutable;
using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Runs;

/// <summary>An artifact of a run.</summary>
/// <param name="Steps">The steps whose outputs have a reference to it, in the order of the plan; empty where the run's input alone has.</param>
public sealed record RunArtifact(ArtifactReference Reference, ImmutableArray<string> Steps);

/// <summary>Which artifacts a run has: those that its journal refers to.</summary>
public static class RunArtifacts
{
    /// <summary>Those in the outputs of its completed steps and in its input, in the order of the plan, each once.</summary>
    public static ImmutableArray<RunArtifact> Of(RunDetails run)
    {
        var found = new Dictionary<ArtifactReference, List<string>>();
        foreach (var step in run.Steps)
        {
            foreach (var reference in step.Output is null ? [] : ArtifactReference.In(step.Output).Distinct())
            {
                (found.TryGetValue(reference, out var steps) ? steps : found[reference] = []).Add(step.Id);
            }
        }
        foreach (var reference in ArtifactReference.In(run.Input))
        {
            found.TryAdd(reference, []);
        }
        return [.. found.Select(static f => new RunArtifact(f.Key, [.. f.Value]))];
    }

    /// <summary>The hashes of all that a run needs as long as it is kept, also to be retried.</summary>
    public static HashSet<string> Needed(RunState run)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        Add(run.Input);
        // What a step hands on is made of these, and of signals.
        foreach (var step in run.Steps)
        {
            step.Attempts.ForEach(a => Add(a.Output));
        }
        run.Signals.ForEach(s => Add(s.Data));
        return needed;

        void Add(Json? value)
        {
            if (value?.Storage is { } stored)
            {
                needed.Add(stored.Sha256);
            }
            if (value is not null)
            {
                needed.UnionWith(ArtifactReference.In(value).Select(static r => r.Sha256));
            }
        }
    }
}
