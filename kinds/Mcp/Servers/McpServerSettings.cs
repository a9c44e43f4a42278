using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Process;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>How a server of the Model Context Protocol is reached: at an address, or as a program over its stdin and stdout.</summary>
public sealed record McpServerSettings
{
    /// <summary>All keys.</summary>
    public static readonly ImmutableArray<string> Keys =
        ["url", "headers", "connect_timeout", "command", "env", "working_directory", "start_timeout"];

    private static readonly string[] s_keysOfAddresses = ["headers", "connect_timeout"];
    private static readonly string[] s_keysOfPrograms = ["env", "working_directory"];

    /// <summary>Where requests go; it may refer to secrets. Null for a program.</summary>
    public SecretText? Url { get; init; }

    /// <summary>What every request carries besides.</summary>
    public ImmutableSortedDictionary<string, SecretText> Headers { get; init; } = ImmutableSortedDictionary<string, SecretText>.Empty;

    /// <summary>The program that is started; null for an address.</summary>
    public ProgramSettings? Program { get; init; }

    /// <summary>How long it may take until a connection is there, TLS included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it may take until the server has said what it can.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The address or the command, for people; secrets stand in it as references alone.</summary>
    public string Target => Url?.Template ?? Program!.Target;

    /// <summary>Every text that may refer to a secret.</summary>
    public IEnumerable<SecretText> Secrets => [.. Url is null ? [] : (SecretText[])[Url], .. Headers.Values, .. Program?.Secrets ?? []];

    /// <summary>Reads the keys; null when there are problems.</summary>
    public static McpServerSettings? Read(MappingReader server, ProblemList problems)
    {
        if (server["url"] is null == server["command"] is null)
        {
            problems.Add(
                server["command"]?.Place ?? server.Place, server["url"] is null ? ConfigCodes.Missing : ConfigCodes.Contradiction,
                "either 'url' or 'command' must say where the server is: url: https://tools.example.com/mcp, or " +
                "command: [npx, -y, some-mcp-server].");
            return null;
        }
        var isProgram = server["command"] is not null;
        foreach (var key in isProgram ? s_keysOfAddresses : s_keysOfPrograms)
        {
            if (server[key] is { } node)
            {
                problems.Add(
                    node.Place, ConfigCodes.Contradiction,
                    isProgram ? $"'{key}' is for a server with a 'url', and this is a program." : $"'{key}' is for a program, and this server has a 'url'.");
            }
        }
        var program = isProgram ? ProgramSettings.Read(server, "'command' must say what to start, as a list: [npx, -y, some-mcp-server].", problems) : null;
        var url = isProgram ? null : ServiceSettings.ReadUrl(server, "url", missing: null, problems);
        var settings = new McpServerSettings
        {
            Url = url,
            Program = program,
            Headers = ServiceSettings.ReadHeaders(server, problems) ?? ImmutableSortedDictionary<string, SecretText>.Empty,
        };
        return url is null && program is null ? null : settings with
        {
            ConnectTimeout = server.Duration("connect_timeout") ?? settings.ConnectTimeout,
            StartTimeout = server.Duration("start_timeout") ?? settings.StartTimeout,
        };
    }
}
