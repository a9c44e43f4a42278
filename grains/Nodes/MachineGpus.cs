namespace AgentGrid.Grains.Nodes;

/// <summary>The GPUs of this machine, before any node is made of it.</summary>
public static class MachineGpus
{
    /// <summary>Whether NVIDIA's driver is there, and finds at least one.</summary>
    public static bool AreThere()
    {
        using var nvml = Nvml.TryOpen(out _);
        return nvml is not null && nvml.Read().Any();
    }
}
