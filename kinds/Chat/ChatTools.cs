using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Mcp.Servers;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Chat;

/// <summary>The tools of one agent: connections to servers are kept, and what there is to call is found out for each attempt.</summary>
internal sealed class ChatTools : IAsyncDisposable
{
    private const int LongestName = 64; // of OpenAI's

    private static readonly JsonElement s_anyObject = JsonElement.Parse("""{"type":"object","properties":{},"additionalProperties":true}""");

    private readonly string _name;
    private readonly ToolSettings _settings;
    private readonly (McpServer Server, ToolServer Settings)[] _servers;

    public ChatTools(string name, ToolSettings settings, AgentKindContext context, McpServers servers, ILogger logger)
    {
        (_name, _settings) = (name, settings);
        _servers = [.. settings.Servers.Select(s => (servers.Create(name, s.Settings, context, logger), s))];
    }

    /// <summary>The first server that does not work; null when all do, or nothing is known.</summary>
    public AgentHealth? Health => _servers.Select(s => s.Server.Health).FirstOrDefault(h => h.Problem is not null);

    /// <summary>Connects to the servers.</summary>
    /// <exception cref="AgentException">One cannot be reached.</exception>
    public Task WarmUpAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_servers.Select(s => s.Server.ToolsAsync(cancellationToken)));

    /// <summary>What an attempt may call.</summary>
    /// <exception cref="AgentException">A server cannot be reached, or two tools have the same name.</exception>
    public async Task<ToolSet> OpenAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var tools = new Dictionary<string, ChatTool>(StringComparer.Ordinal);
        foreach (var (name, _) in _settings.Agents)
        {
            // One that is switched off is not offered.
            if (invocation.Calls.Find(name) is { } agent)
            {
                Add(tools, new ChatTool(
                    NameOf(name), agent.Description, agent.InputSchema?.Element ?? s_anyObject,
                    async (arguments, _, token) => Text(await invocation.Calls.CallAsync(name, Json.From(arguments), token).ConfigureAwait(false))));
            }
        }
        foreach (var (server, settings) in _servers)
        {
            foreach (var tool in await server.ToolsAsync(cancellationToken).ConfigureAwait(false))
            {
                if (settings.Only is not { } only || only.Contains(tool.Name))
                {
                    Add(tools, new ChatTool(
                        NameOf(tool.Name), tool.Description, tool.InputSchema,
                        (arguments, call, token) => CallAsync(server, tool.Name, arguments, invocation, call, token)));
                }
            }
        }
        return new ToolSet(tools, _settings.MaxCalls, invocation.Progress);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (server, _) in _servers)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<string> CallAsync(
        McpServer server, string tool, JsonElement arguments, AgentInvocation invocation, int call, CancellationToken cancellationToken)
    {
        var result = await server.CallAsync(
            tool, arguments, invocation, $"{invocation.IdempotencyKey}/{call}", progress: null, cancellationToken).ConfigureAwait(false);
        return result.Error is { } error ? throw new AgentException("tool_error", error, retryable: false) : Text(result.Output);
    }

    // Texts stand there as they are.
    private static string Text(Json output) =>
        output.Element.ValueKind == JsonValueKind.String ? output.Element.GetString()! : output.ToString();

    private static string NameOf(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_').Take(LongestName));

    private void Add(Dictionary<string, ChatTool> tools, ChatTool tool)
    {
        if (!tools.TryAdd(tool.Name, tool))
        {
            throw new AgentException(
                HttpErrors.BadConfig,
                $"Agent '{_name}': two of its tools are called '{tool.Name}': say under 'only' which of a server's tools the model may call.",
                retryable: false);
        }
    }
}
