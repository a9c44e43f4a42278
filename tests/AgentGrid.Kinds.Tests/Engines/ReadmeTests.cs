using System.Text.RegularExpressions;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>The agent in Python that README.md shows.</summary>
[Collection(nameof(EmbeddedServer))]
public sealed partial class ReadmeTests(EmbeddedServer grid)
{
    [Fact]
    public async Task PythonAgent_IsServedAsItIsShown()
    {
        var program = Python().Match(Repository.Read("README.md")).Groups[1].Value;
        await File.WriteAllTextAsync(Path.Combine(grid.Folder, "my_agents.py"), program);
        grid.Configure($$"""
            agents:
              scene_reader:
                kind: process
                command: [python3, -m, agentgrid.worker, my_agents]
                working_directory: {{grid.Folder}}
                env: { PYTHONPATH: {{Repository.PathOf("python")}} }
            """);
        await grid.StartAsync();

        var run = await grid.RunAsync("scene_reader", new
        {
            grid_snapshot = new { players = new[] { new { peek_events = new[] { 1 } }, new { peek_events = Array.Empty<int>() } } },
        });

        Assert.Equal("completed", ProcessKindTests.Status(run));
        Assert.Equal("1 of 2 players peek", ProcessKindTests.Output(run).GetProperty("summary").GetString());
    }

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Python();
}
