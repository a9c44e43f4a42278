using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Artifacts;

/// <summary>What runs hand each other: a parent its children with their input, and a child its parent with its result.</summary>
internal static class SharedArtifacts
{
    /// <summary>Gives a run all that a value refers to, out of another one.</summary>
    /// <returns>The first that is not there; null when all are.</returns>
    public static async Task<ArtifactReference?> ShareAsync(this IArtifactStore store, RunId from, RunId to, Json value)
    {
        ArtifactReference? missing = null;
        foreach (var reference in ArtifactReference.In(value).DistinctBy(static r => r.Sha256))
        {
            var isThere = await store.ShareAsync(from, to, reference.Sha256, CancellationToken.None).ConfigureAwait(false);
            missing ??= isThere ? null : reference;
        }
        return missing;
    }
}
