namespace AgentGrid.Silo.Settings;

/// <summary>What a process does for the cluster.</summary>
internal enum SiloRole
{
    /// <summary>Drives runs, executes attempts, and serves the client API.</summary>
    All,

    /// <summary>Drives runs and executes attempts.</summary>
    Silo,

    /// <summary>Serves the client API, and asks the silos.</summary>
    Api,
}
