using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Mcp.Servers;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Mcp;

/// <summary>An agent whose work is done by a tool of a server.</summary>
internal sealed class McpAgent(string name, McpSettings settings, AgentKindContext context, McpServers servers, ILogger logger) : IKindAgent
{
    private const int MostNamed = 20;

    private readonly McpServer _server = servers.Create(name, settings.Server, context, logger);

    public AgentHealth Health =>
        _server.Health is { Problem: not null } health ? health
        : _server.KnownTools is { IsDefault: false } tools && Missing(tools) is { } missing ? AgentHealth.Unhealthy(missing)
        : _server.Health;

    /// <summary>Connects, and looks whether the server has the tool.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        if (Missing(await _server.ToolsAsync(cancellationToken).ConfigureAwait(false)) is { } missing)
        {
            throw new AgentException(McpErrors.NoTool, missing, retryable: false);
        }
    }

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var arguments = settings.Arguments.Find(invocation.Input);
        if (arguments.ValueKind != JsonValueKind.Object)
        {
            throw new AgentException(
                HttpErrors.BadInput,
                $"Agent '{name}': a tool takes an object, but '{settings.Arguments.Text}' is {Names.Shorten(arguments.GetRawText())}.",
                retryable: false);
        }
        var result = await _server.CallAsync(
            settings.Tool, arguments, invocation, invocation.IdempotencyKey, invocation.Progress, cancellationToken).ConfigureAwait(false);
        return result.Error is { } error
            ? throw new AgentException(McpErrors.Tool, $"{_server.Who} failed: {error}", retryable: false)
            : result.Output;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private string? Missing(ImmutableArray<McpTool> tools) => tools.Any(t => t.Name == settings.Tool) ? null
        : $"{_server.Who} has no tool '{settings.Tool}': it has " +
          $"{(tools.IsEmpty ? "none" : string.Join(", ", tools.Take(MostNamed).Select(t => $"'{t.Name}'")))}.";
}
