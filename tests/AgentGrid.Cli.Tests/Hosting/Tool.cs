using System.Text.Json;

namespace AgentGrid.Cli.Tests.Hosting;

/// <summary>The program as a caller sees it: arguments in, texts and an exit code out.</summary>
public sealed class Tool(string? url)
{
    public string Input { get; init; } = "";
    public bool IsTerminal { get; init; }

    /// <summary>Columns. Without colours too, where somebody has switched them off; null: 120 on a terminal.</summary>
    public int? Width { get; init; }
    public Dictionary<string, string> Variables { get; } = url is null ? [] : new() { ["AGENTGRID_SERVER"] = url };

    public Task<ToolResult> RunAsync(params string[] args) => Start(args).Ended;

    /// <summary>Lets it run, to look at what it prints meanwhile.</summary>
    public RunningTool Start(params string[] args)
    {
        var running = new RunningTool();
        var around = new TerminalEnvironment(
            new StringReader(Input), running.Out, running.Error, IsTerminal, Width ?? (IsTerminal ? 120 : null),
            Variables);
        running.Begin(token => new CommandTree(around).RunAsync(args, token));
        return running;
    }
}

/// <summary>What the program has printed, and how it ended.</summary>
public sealed record ToolResult(int Exit, string Out, string Error)
{
    public JsonElement Json => JsonElement.Parse(Out);

    public IReadOnlyList<string> Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>The program while it runs.</summary>
public sealed class RunningTool
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);
    private readonly CancellationTokenSource _interrupt = new();
    private Task<int> _work = Task.FromResult(0);

    internal ObservedWriter Out { get; } = new();
    internal ObservedWriter Error { get; } = new();

    public Task<ToolResult> Ended => EndAsync();

    internal void Begin(Func<CancellationToken, Task<int>> work) => _work = Task.Run(() => work(_interrupt.Token));

    /// <summary>Waits until standard output contains a text.</summary>
    public Task PrintedAsync(string text) => SaysAsync(Out, text);

    public Task WarnedAsync(string text) => SaysAsync(Error, text);

    /// <summary>What Ctrl-C does.</summary>
    public async Task<ToolResult> InterruptAsync()
    {
        await _interrupt.CancelAsync();
        return await Ended;
    }

    private async Task SaysAsync(ObservedWriter writer, string text)
    {
        try
        {
            await writer.ContainsAsync(text).WaitAsync(s_limit);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"It has not said '{text}' after {s_limit}, but:\n{Out.Text}\n{Error.Text}", e);
        }
    }

    private async Task<ToolResult> EndAsync() =>
        new(await _work.WaitAsync(s_limit), Out.Text, Error.Text);
}
