using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Http;

/// <summary>What <c>agents.yaml</c> says of an agent of the kind <c>http</c>.</summary>
internal sealed record HttpSettings : KindSettings
{
    /// <summary>Where requests go; it may refer to secrets.</summary>
    public required SecretText Url { get; init; }

    /// <summary>POST, PUT or PATCH.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    /// <summary>What every request to the service carries besides the kind's own headers.</summary>
    public ImmutableSortedDictionary<string, SecretText> Headers { get; init; } =
        ImmutableSortedDictionary<string, SecretText>.Empty;

    /// <summary>What of the input is sent.</summary>
    public InputPath Body { get; init; } = InputPath.Whole;

    /// <summary>What a repeated request has in common with the one before.</summary>
    public KeyScope IdempotencyKey { get; init; } = KeyScope.Attempt;

    /// <summary>The pause between two looks at work that goes on, where the service names none.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long it may take until a connection is there.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>With what the service signs results that it posts; null where it posts none.</summary>
    public SecretText? CallbackSecret { get; init; }

    /// <summary>How tensors are made of the input and an output of tensors; null for any JSON.</summary>
    public TensorMapping? Kserve { get; init; }

    /// <inheritdoc/>
    public override string Target => Url.Template;

    /// <summary>Every text that may refer to a secret.</summary>
    public IEnumerable<SecretText> Secrets => CallbackSecret is { } secret ? [Url, secret, .. Headers.Values] : [Url, .. Headers.Values];
}

/// <summary>For what an idempotency key stands.</summary>
internal enum KeyScope
{
    /// <summary>For one attempt, however often it is delivered.</summary>
    Attempt,

    /// <summary>For a request with this body in this step of the run, in all its attempts.</summary>
    Step,

    /// <summary>There is none.</summary>
    None,
}
