using AgentGrid.Client;

var address = new Uri(args is [var given, ..] ? given : "http://127.0.0.1:8000");
using var grid = new GridClient(address, new GridClientOptions { ApiKey = Environment.GetEnvironmentVariable("AGENTGRID_API_KEY") });

var submitted = await grid.SubmitAsync(new RunRequest("greetings", "ada-1") { Plan = "hello", Input = new { Name = "Ada" } });
await foreach (var happened in grid.FollowAsync(submitted.RunId))
{
    Console.WriteLine($"{happened.Seq,3}  {happened.Stage}");
}

var run = await grid.WaitForEndAsync(submitted.RunId);
Console.WriteLine(run.ResultAs<Greeting>()!.Text);

internal sealed record Greeting(string Text);
