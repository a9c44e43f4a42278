using AgentGrid.Engine.Configuration;

namespace AgentGrid.Grains.Nodes;

/// <summary>This silo as a node, for the program that it is part of.</summary>
public interface ILocalNode
{
    string Name { get; }

    /// <summary>It takes no further attempts: it is being shut down.</summary>
    bool IsDraining { get; }

    /// <summary>How many attempts have a slot here.</summary>
    int HeldSlots { get; }

    /// <summary>The configuration in force here, and what is wrong with its files.</summary>
    ConfigSource Config { get; }
}
