using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http;

namespace AgentGrid.Kinds.Chat;

/// <summary>Reads the keys of the kind <c>chat</c>.</summary>
internal static class ChatSettingsReader
{
    /// <summary>The endpoint where none is named.</summary>
    public const string OpenAi = "https://api.openai.com/v1";

    private const int MostTokens = 10_000_000;
    private const int MostStops = 16;

    /// <summary>All of them.</summary>
    public static readonly ImmutableArray<string> Keys =
    [
        "model", "endpoint", "api_key", "headers", "system", "prompt", "structured", "output", "stream", "temperature",
        "top_p", "max_output_tokens", "seed", "stop", "frequency_penalty", "presence_penalty", "reasoning_effort", "connect_timeout",
        "tools",
    ];

    private static readonly FrozenDictionary<string, StructuredMode> s_modes = new Dictionary<string, StructuredMode>
    {
        ["schema"] = StructuredMode.Schema,
        ["object"] = StructuredMode.Object,
        ["prompt"] = StructuredMode.Prompt,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, bool> s_outputs =
        new Dictionary<string, bool> { ["full"] = false, ["value"] = true }.ToFrozenDictionary();

    public static ChatSettings? Read(MappingReader agent, ProblemList problems)
    {
        var model = agent.Text("model");
        if (agent["model"] is null)
        {
            problems.Add(agent.Place, ConfigCodes.Missing, "'model' must say which model to ask, as its endpoint calls it.");
        }
        var endpoint = ServiceSettings.ReadUrl(agent, "endpoint", missing: null, problems);
        var key = agent.Secret("api_key");
        if (agent["endpoint"] is null && agent["api_key"] is null)
        {
            problems.Add(
                agent.Place, ConfigCodes.Missing,
                $"'api_key' must be a secret, as \"${{env:OPENAI_API_KEY}}\", or 'endpoint' another one than {OpenAi}.");
        }
        // It is a key of every agent: what is wrong with it is said there.
        var schema = AnswerSchema.Read(agent, "output_schema", new ProblemList());
        if (agent["structured"] is { } structured && agent["output_schema"] is null)
        {
            problems.Add(structured.Place, ConfigCodes.Contradiction, "'structured' says how an answer is kept to 'output_schema', but there is none.");
        }
        var defaults = new ChatSettings { Model = model ?? "" };
        var settings = defaults with
        {
            Endpoint = endpoint ?? defaults.Endpoint,
            ApiKey = key,
            Headers = ServiceSettings.ReadHeaders(agent, problems) ?? defaults.Headers,
            System = PromptTemplate.Read(agent, "system", problems),
            Prompt = PromptTemplate.Read(agent, "prompt", problems) ?? defaults.Prompt,
            OutputSchema = schema,
            Structured = agent.Word("structured", s_modes) ?? defaults.Structured,
            ValueOnly = agent.Word("output", s_outputs) ?? defaults.ValueOnly,
            Stream = agent.Flag("stream") ?? defaults.Stream,
            Temperature = agent.Number("temperature", 0, 2),
            TopP = agent.Number("top_p", 0, 1),
            MaxOutputTokens = agent.Integer("max_output_tokens", 1, MostTokens),
            Seed = agent.Long("seed", long.MinValue, long.MaxValue),
            Stop = ReadStop(agent, problems),
            FrequencyPenalty = agent.Number("frequency_penalty", -2, 2),
            PresencePenalty = agent.Number("presence_penalty", -2, 2),
            ReasoningEffort = agent.Text("reasoning_effort"),
            Tools = ToolSettings.Read(agent["tools"], problems),
            ConnectTimeout = agent.Duration("connect_timeout") ?? defaults.ConnectTimeout,
        };
        return model is null ? null : settings;
    }

    private static ImmutableArray<string> ReadStop(MappingReader agent, ProblemList problems)
    {
        if (agent["stop"] is not { } node)
        {
            return [];
        }
        var texts = (node as ConfigNode.Sequence)?.Items.Select(i => i is ConfigNode.Scalar { Kind: ScalarKind.Text } text ? text.Text : "").ToArray();
        if (texts is null or { Length: > MostStops } || texts.Contains(""))
        {
            problems.Add(node.Place, ConfigCodes.WrongType, $"'stop': expected a list of at most {MostStops} texts, got {node.Describe()}.");
            return [];
        }
        return [.. texts];
    }
}
