using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>What the bodies of requests and answers are.</summary>
internal interface IProtocol
{
    /// <summary>The body of the request, JSON.</summary>
    /// <exception cref="AgentException">The input does not have what it takes.</exception>
    ReadOnlyMemory<byte> Request(Json input);

    /// <summary>The output that an answer stands for.</summary>
    /// <exception cref="FormatException">It is none; the text says why.</exception>
    Json Output(Json answer);

    /// <summary>Whether the same request can succeed later, as far as the protocol knows such answers; null when it does not.</summary>
    /// <param name="message">What the service says.</param>
    bool? IsRetryable(string message);
}

/// <summary>Any JSON, as it is.</summary>
internal sealed class PlainProtocol(InputPath body) : IProtocol
{
    public ReadOnlyMemory<byte> Request(Json input) =>
        body == InputPath.Whole ? input.Utf8 : Json.From(body.Find(input)).Utf8;

    public Json Output(Json answer) => answer;

    public bool? IsRetryable(string message) => null;
}
