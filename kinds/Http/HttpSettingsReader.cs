using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Http;

/// <summary>Reads the keys of the kind <c>http</c>.</summary>
internal static class HttpSettingsReader
{
    /// <summary>All of them.</summary>
    public static readonly ImmutableArray<string> Keys =
    [
        "url", "method", "headers", "body", "idempotency_key", "poll_interval", "callback_secret", "connect_timeout", "protocol", "inputs", "outputs",
    ];

    private static readonly FrozenDictionary<string, KeyScope> s_scopes = new Dictionary<string, KeyScope>
    {
        ["attempt"] = KeyScope.Attempt,
        ["step"] = KeyScope.Step,
        ["none"] = KeyScope.None,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, bool> s_protocols =
        new Dictionary<string, bool> { ["json"] = false, ["kserve"] = true }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> s_methods =
        new Dictionary<string, int> { ["POST"] = 0, ["PUT"] = 1, ["PATCH"] = 2 }.ToFrozenDictionary();

    public static HttpSettings? Read(MappingReader agent, ProblemList problems)
    {
        var url = ServiceSettings.ReadUrl(
            agent, "url", "'url' must say where the service is: url: https://render.example.com/api/jobs.", problems);
        var isKserve = agent.Word("protocol", s_protocols) ?? false;
        CheckProtocol(agent, isKserve, problems);
        var body = InputPath.Read(agent, "body", problems);
        var defaults = new HttpSettings { Url = SecretText.Parse("", out _)! };
        var settings = defaults with
        {
            Method = ReadMethod(agent) ?? defaults.Method,
            Headers = ServiceSettings.ReadHeaders(agent, problems) ?? defaults.Headers,
            Body = body is null || body.Text == InputPath.Whole.Text ? InputPath.Whole : body,
            IdempotencyKey = agent.Word("idempotency_key", s_scopes) ?? defaults.IdempotencyKey,
            PollInterval = agent.Duration("poll_interval") ?? defaults.PollInterval,
            CallbackSecret = agent.Secret("callback_secret"),
            ConnectTimeout = agent.Duration("connect_timeout") ?? defaults.ConnectTimeout,
            Kserve = isKserve ? TensorMappingReader.Read(agent, problems) : null,
        };
        return url is null ? null : settings with { Url = url };
    }

    // The input is in the body: a method without one could not say it.
    private static HttpMethod? ReadMethod(MappingReader agent) => agent.Word("method", s_methods) switch
    {
        0 => HttpMethod.Post,
        1 => HttpMethod.Put,
        2 => HttpMethod.Patch,
        _ => null,
    };

    private static void CheckProtocol(MappingReader agent, bool isKserve, ProblemList problems)
    {
        foreach (var key in isKserve ? (string[])["body"] : ["inputs", "outputs"])
        {
            if (agent[key] is { } node)
            {
                problems.Add(node.Place, ConfigCodes.Contradiction, isKserve
                    ? $"'{key}' has no meaning with 'protocol: kserve', where 'inputs' says what is sent."
                    : $"'{key}' says which tensors there are, and needs 'protocol: kserve'.");
            }
        }
    }
}
