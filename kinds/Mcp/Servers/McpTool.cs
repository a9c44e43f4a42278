using System.Text.Json;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>A tool, as its server describes it.</summary>
/// <param name="Description">Null when the server says nothing.</param>
/// <param name="InputSchema">A JSON schema of its arguments.</param>
public sealed record McpTool(string Name, string? Description, JsonElement InputSchema);
