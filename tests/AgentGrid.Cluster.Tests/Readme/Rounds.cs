using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.GrainClient;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MyService;

/// <summary>Lets the cluster play rounds, and waits for what becomes of them.</summary>
public sealed class Rounds(IAgentGrid grid)
{
    public static IHost Build(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddAgentGridClient(redis: builder.Configuration["Redis"] ?? "127.0.0.1:6379");
        builder.Services.AddSingleton<Rounds>();
        return builder.Build();
    }

    public async Task<RunDetails?> PlayAsync(RunKey key, object snapshot, CancellationToken cancellationToken)
    {
        var input = Json.From(new { key.MatchId, key.Round, GridSnapshot = snapshot });
        var run = await grid.SubmitAsync(new SubmitRun(key, input), cancellationToken) switch
        {
            SubmitResult.Accepted accepted => accepted.Run,
            SubmitResult.Replayed replayed => replayed.Run, // it was submitted before
            var refused => throw new InvalidOperationException($"Round {key} was refused: {refused}"),
        };
        return await grid.WaitForEndAsync(run.RunId, TimeSpan.FromSeconds(30), cancellationToken);
    }
}
