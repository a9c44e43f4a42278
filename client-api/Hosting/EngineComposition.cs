namespace AgentGrid.ClientApi.Hosting;

/// <summary>Which engine the program runs by default.</summary>
internal static class EngineComposition
{
    /// <summary>Adds the embedded engine with the agents that ship with it.</summary>
    public static void AddEngine(this WebApplicationBuilder builder)
    {
    }
}
