namespace AgentGrid.Core.Runs;

/// <summary>The limits that an engine sets to runs.</summary>
public sealed record RunLimits
{
    /// <summary>Those of an engine that is not told otherwise.</summary>
    public static readonly RunLimits Default = new();

    /// <summary>
    /// How many times in a row the node of an attempt may die while it runs; after that it has failed as <c>lost</c>. At
    /// least <see cref="Isolation.MostInCompany"/>, or those would be charged that only ran beside the cause.
    /// </summary>
    public int MaxLosses { get; init; } = 6;
}
