namespace AgentGrid.Cli.Commands;

/// <summary>Files that the command line names.</summary>
internal static class Files
{
    private static readonly string[] s_planEndings = [".yaml", ".yml", ".json"];

    public static bool IsPlanFile(string path) => s_planEndings.Contains(Path.GetExtension(path).ToLowerInvariant());

    public static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"'{path}' cannot be read: {e.Message}", e);
        }
    }
}
