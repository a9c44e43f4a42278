using System.Diagnostics;

namespace AgentGrid.Deploy.Tests;

/// <summary>The <c>dotnet</c> command, as users call it.</summary>
internal static class DotNetCommand
{
    /// <summary>Runs it to its end, however that is.</summary>
    public static Task<(int Code, string Output)> RunAsync(params string[] arguments) => RunInAsync(null, arguments);

    /// <summary>Runs it to its end, and fails with what it wrote when it fails.</summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="home">Where it keeps what it keeps for its user; null for the usual place.</param>
    public static async Task<string> SucceedAsync(string folder, string? home, params string[] arguments)
    {
        var (code, output) = await RunInAsync(folder, arguments, home);
        Assert.True(code == 0, $"dotnet {string.Join(' ', arguments)} has failed:\n{output}");
        return output;
    }

    private static async Task<(int Code, string Output)> RunInAsync(string? folder, string[] arguments, string? home = null)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder ?? "",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (home is not null)
        {
            start.Environment["DOTNET_CLI_HOME"] = home;
        }
        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(output));
    }
}
