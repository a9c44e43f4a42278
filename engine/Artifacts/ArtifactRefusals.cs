using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Artifacts;

/// <summary>What every store refuses, in the same words.</summary>
public static class ArtifactRefusals
{
    /// <summary>How many bytes more may be written for a run, and why no more.</summary>
    /// <param name="used">How many it has.</param>
    public static (long Bytes, string Why) Room(ArtifactOptions options, long used)
    {
        var ofRun = Math.Max(0, options.MaxRunBytes - used);
        return ofRun < options.MaxBytes
            ? (ofRun, $"the artifacts of a run may have {options.MaxRunBytes:N0} together (option Artifacts:MaxRunBytes)")
            : (options.MaxBytes, $"one may have {options.MaxBytes:N0} (option Artifacts:MaxBytes)");
    }

    /// <param name="why">Of <see cref="Room"/>.</param>
    public static AgentException TooLarge(string why) => new(
        ArtifactCodes.TooLarge, $"The artifact has more bytes than are allowed: {why}.", retryable: false);

    /// <summary>A file of an attempt that is to be taken; not one that a link leads to.</summary>
    /// <exception cref="AgentException">It is not there.</exception>
    public static FileInfo FileOf(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null } file
        ? file
        : throw new AgentException(
            ArtifactCodes.Bad, $"There is no file '{Names.Shorten(Path.GetFileName(path))}' in the folder of the attempt.", retryable: false);
}
