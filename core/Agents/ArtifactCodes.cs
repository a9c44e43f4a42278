namespace AgentGrid.Core.Agents;

/// <summary>The codes of what can go wrong with artifacts. Stable.</summary>
public static class ArtifactCodes
{
    /// <summary>A name, a media type or a file that cannot be one.</summary>
    public const string Bad = "bad_artifact";

    /// <summary>The run has no such artifact.</summary>
    public const string NotFound = "artifact_not_found";

    /// <summary>There are not as many bytes as were written.</summary>
    public const string Damaged = "artifact_damaged";

    /// <summary>It is larger than is allowed, or all of its run are.</summary>
    public const string TooLarge = "artifact_too_large";

    /// <summary>It could not be kept: the disk is full, or the store cannot be reached.</summary>
    public const string NotKept = "artifact_not_kept";

    /// <summary>There is no place for artifacts here.</summary>
    public const string Unavailable = "no_artifacts";
}
