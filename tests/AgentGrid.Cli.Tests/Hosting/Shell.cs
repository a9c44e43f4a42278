using System.Diagnostics;

namespace AgentGrid.Cli.Tests.Hosting;

/// <summary>The program itself, in lines of a shell.</summary>
internal sealed class Shell(string url)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Runs a script in which <c>agentgrid</c> is the program.</summary>
    public async Task<ToolResult> RunAsync(string script)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "agentgrid.dll");
        var start = new ProcessStartInfo("bash")
        {
            ArgumentList = { "-c", $"agentgrid() {{ dotnet exec '{program}' \"$@\"; }}\n{script}" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["AGENTGRID_SERVER"] = url },
        };
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start)!;
        try
        {
            using var limit = new CancellationTokenSource(s_limit);
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            return new ToolResult(0, await output, await error) { Exit = await ExitOfAsync(process, limit.Token) };
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static async Task<int> ExitOfAsync(Process process, CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }
}
