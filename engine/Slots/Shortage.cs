namespace AgentGrid.Engine.Slots;

/// <summary>What keeps an agent from starting one more attempt where it could run; the higher, the less is missing.</summary>
internal enum Shortage
{
    /// <summary>No node can run it at all.</summary>
    Node,

    /// <summary>It fails there, and not on others.</summary>
    Failing,
    AgentSlots,
    QueueSlots,
    GpuMemory,

    /// <summary>Others that are kept apart run there, and so is this one.</summary>
    Company,
    None,
}

internal static class Shortages
{
    /// <summary>In words; null when nothing is short.</summary>
    public static string? Text(Shortage shortage) => shortage switch
    {
        Shortage.Node or Shortage.None => null,
        Shortage.Failing => "it fails there",
        Shortage.AgentSlots => "its slots are taken",
        Shortage.QueueSlots => "its queue is full",
        Shortage.Company => "attempts run there that have lost their nodes repeatedly, too",
        Shortage.GpuMemory => "not enough GPU memory is free",
        _ => throw new ArgumentOutOfRangeException(nameof(shortage), shortage, "unknown"),
    };
}
