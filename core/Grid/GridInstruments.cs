namespace AgentGrid.Core.Grid;

/// <summary>Where every engine can be observed.</summary>
public static class GridInstruments
{
    /// <summary>The name of the meter, and of the source of spans.</summary>
    public const string Name = "AgentGrid";
}
