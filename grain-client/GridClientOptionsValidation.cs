using AgentGrid.GrainInterfaces;
using AgentGrid.RunLog.Connections;
using Microsoft.Extensions.Options;

namespace AgentGrid.GrainClient;

/// <summary>Checks the settings when the program starts, and reports every mistake at once.</summary>
internal sealed class GridClientOptionsValidation : IValidateOptions<GridClientOptions>
{
    public ValidateOptionsResult Validate(string? name, GridClientOptions options)
    {
        var problems = new List<string>();
        if (RedisConnection.Problem(options.Redis) is { } problem)
        {
            problems.Add(problem);
        }
        if (options.FeedBuffer < 1)
        {
            problems.Add($"FeedBuffer is {options.FeedBuffer}; it must be at least 1.");
        }
        if (!ClusterNames.IsClusterName(options.ClusterId))
        {
            problems.Add($"ClusterId is '{options.ClusterId}': expected 1 to 64 letters, digits, '-', '_' or '.'.");
        }
        if (!ClusterNames.IsClusterName(options.Prefix))
        {
            problems.Add($"KeyPrefix is '{options.KeyPrefix}': expected 1 to 64 letters, digits, '-', '_' or '.'.");
        }
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
