using AgentGrid.GrainClient.Connections;
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
        if (string.IsNullOrWhiteSpace(options.ClusterId))
        {
            problems.Add("ClusterId must not be empty; as the silos have it, 'agentgrid' unless told otherwise.");
        }
        if (options.KeyPrefix.Length == 0 || options.KeyPrefix.AsSpan().IndexOfAny('{', '}') >= 0)
        {
            problems.Add($"KeyPrefix is '{options.KeyPrefix}': expected at least one character and no braces.");
        }
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
