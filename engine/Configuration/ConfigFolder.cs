namespace AgentGrid.Engine.Configuration;

/// <summary>Where <c>agents.yaml</c> and <c>plans/</c> are.</summary>
public static class ConfigFolder
{
    /// <param name="configured">
    /// What was asked for; null: <c>./config</c> where there is one, else the one that was shipped beside the program.
    /// </param>
    /// <returns>Null when nothing was asked for, and there is none.</returns>
    /// <exception cref="DirectoryNotFoundException">What was asked for is not there.</exception>
    public static string? Find(string? configured)
    {
        if (configured is not null)
        {
            return Directory.Exists(configured)
                ? Path.GetFullPath(configured)
                : throw new DirectoryNotFoundException($"There is no configuration folder '{Path.GetFullPath(configured)}'.");
        }
        return new[] { "config", Path.Combine(AppContext.BaseDirectory, "config") }
            .Select(Path.GetFullPath).FirstOrDefault(Directory.Exists);
    }
}
