namespace AgentGrid.Engine.Admission;

/// <summary>Whom runs and attempts are counted for.</summary>
internal static class Tenant
{
    /// <summary>What stands for the tenant that nobody has named.</summary>
    public static string Key(string? tenant) => tenant ?? "";
}
