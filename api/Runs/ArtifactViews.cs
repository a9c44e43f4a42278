using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Runs;

/// <summary>The artifacts of a run.</summary>
public sealed record ArtifactLines(ImmutableArray<ArtifactLine> Artifacts);

/// <summary>An artifact of a run.</summary>
/// <param name="Name">What its writer calls it.</param>
/// <param name="Sha256">By which it can always be found.</param>
/// <param name="Steps">The steps whose outputs have a reference to it; none where the run's input alone has.</param>
/// <param name="Link">Where its bytes are.</param>
public sealed record ArtifactLine(string Name, string MediaType, long Bytes, string Sha256, ImmutableArray<string> Steps, string Link)
{
    internal static ArtifactLine Of(RunId run, RunArtifact artifact)
    {
        var (name, type, bytes, hash) = artifact.Reference;
        return new ArtifactLine(name, type, bytes, hash, artifact.Steps, $"{RunLinks.SelfOf(run)}/artifacts/{hash}");
    }
}
