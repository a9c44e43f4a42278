namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>The codes of failures that are a tool's or its server's. Stable.</summary>
internal static class McpErrors
{
    /// <summary>The tool said that it failed. Not to be tried again.</summary>
    public const string Tool = "tool_error";

    /// <summary>The server has no such tool, or no tools. Not to be tried again.</summary>
    public const string NoTool = "no_tool";

    /// <summary>Somebody has to do something first, at an address in the message. Not to be tried again.</summary>
    public const string NeedsPerson = "needs_person";

    /// <summary>The server failed, in the words of the protocol.</summary>
    public const string Server = "mcp_error";
}
