namespace AgentGrid.Api.Settings;

/// <summary>The file <c>appsettings.[environment].json</c>: who names it wants what is in it, keys perhaps.</summary>
internal static class EnvironmentFile
{
    /// <param name="asked">Whether it was named on the command line, where it does little but name the file.</param>
    /// <exception cref="StartupRefusedException">It is not there, or is called a little differently.</exception>
    public static void Check(IHostEnvironment environment, bool asked)
    {
        var name = $"appsettings.{environment.EnvironmentName}.json";
        var folder = new DirectoryInfo(environment.ContentRootPath);
        var there = folder.EnumerateFiles("appsettings.*.json").Select(f => f.Name).ToArray();
        if (there.Contains(name, StringComparer.Ordinal))
        {
            return;
        }
        var other = there.FirstOrDefault(f => f.Equals(name, StringComparison.OrdinalIgnoreCase));
        var isCommon = environment.IsProduction() || environment.IsDevelopment() || environment.IsStaging();
        if (other is not null || (asked && !isCommon))
        {
            throw new StartupRefusedException(
                $"The environment '{environment.EnvironmentName}' reads {Path.Combine(folder.FullName, name)}, which " +
                $"does not exist{(other is null ? "." : $": {other} differs in upper and lower case.")}", exitCode: 2);
        }
    }
}
