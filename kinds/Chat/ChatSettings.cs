using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Chat;

/// <summary>What <c>agents.yaml</c> says of an agent of the kind <c>chat</c>.</summary>
internal sealed record ChatSettings : KindSettings
{
    /// <summary>As the endpoint calls it.</summary>
    public required string Model { get; init; }

    /// <summary>The address in front of <c>/chat/completions</c>; it may refer to secrets.</summary>
    public SecretText Endpoint { get; init; } = SecretText.Parse(ChatSettingsReader.OpenAi, out _)!;

    /// <summary>Goes as a bearer token with every request; null for an endpoint that wants none.</summary>
    public SecretText? ApiKey { get; init; }

    /// <summary>What every request carries besides.</summary>
    public ImmutableSortedDictionary<string, SecretText> Headers { get; init; } = ImmutableSortedDictionary<string, SecretText>.Empty;

    /// <summary>What the model is told first; null for nothing.</summary>
    public PromptTemplate? System { get; init; }

    /// <summary>What the model is asked.</summary>
    public PromptTemplate Prompt { get; init; } = PromptTemplate.WholeInput;

    /// <summary>What an answer has to be; null for any text.</summary>
    public AnswerSchema? OutputSchema { get; init; }

    /// <summary>How the model is brought to keep to the schema.</summary>
    public StructuredMode Structured { get; init; } = StructuredMode.Schema;

    /// <summary>The output is what the model answered alone, without usage and model.</summary>
    public bool ValueOnly { get; init; }

    /// <summary>The answer comes as it is written, so that there is progress.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>0 to 2; null for the endpoint's own.</summary>
    public double? Temperature { get; init; }

    /// <summary>0 to 1; null for the endpoint's own.</summary>
    public double? TopP { get; init; }

    /// <summary>Tokens that an answer may have; null for the endpoint's own limit.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>The same seed gives similar answers, where the endpoint heeds it; null for none.</summary>
    public long? Seed { get; init; }

    /// <summary>Texts at which the answer ends.</summary>
    public ImmutableArray<string> Stop { get; init; } = [];

    /// <summary>-2 to 2; null for the endpoint's own.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>-2 to 2; null for the endpoint's own.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>How much a model that reasons does so, in the endpoint's words; null for its own.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>How long it may take until a connection is there.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What the model may call; null for nothing.</summary>
    public ToolSettings? Tools { get; init; }

    /// <inheritdoc/>
    public override ImmutableArray<CalledAgent> Calls => Tools?.Agents ?? [];

    /// <inheritdoc/>
    public override string Target => $"{Model} at {Endpoint.Template}";

    /// <summary>Every text that may refer to a secret.</summary>
    public IEnumerable<SecretText> Secrets => [Endpoint, .. Headers.Values, .. ApiKey is null ? [] : (SecretText[])[ApiKey]];
}

/// <summary>How a model is brought to keep to a schema.</summary>
internal enum StructuredMode
{
    /// <summary>The endpoint is given it, and lets the model write nothing else.</summary>
    Schema,

    /// <summary>The endpoint sees to it that the answer is a JSON object, and the prompt has the schema.</summary>
    Object,

    /// <summary>The prompt has the schema.</summary>
    Prompt,
}
