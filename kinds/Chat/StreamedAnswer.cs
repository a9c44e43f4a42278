using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Http.Exchanges;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;

namespace AgentGrid.Kinds.Chat;

/// <summary>An answer that comes as it is written.</summary>
internal sealed class StreamedAnswer(ChatSettings settings, IAgentProgress progress, int maxOutputBytes, string who)
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _refusal = new();
    private readonly List<FunctionCallContent> _calls = [];
    private int _tokens;
    private ChatFinishReason? _finish;
    private string? _model;
    private UsageDetails? _usage;

    /// <summary>The next part of it.</summary>
    /// <exception cref="AgentException">The endpoint says that it has failed in the middle.</exception>
    /// <exception cref="TooLongException">There is more than an output may have.</exception>
    public void Add(ChatResponseUpdate update)
    {
        if (update.RawRepresentation is StreamingChatCompletionUpdate raw)
        {
            CheckError(raw);
            _refusal.Append(raw.RefusalUpdate);
        }
        _finish = update.FinishReason ?? _finish;
        _model = update.ModelId ?? _model;
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextContent { Text: { Length: > 0 } text }: Add(text); break;
                case UsageContent usage: _usage = usage.Details; break;
                case FunctionCallContent call: _calls.Add(call); break;
                default: break; // reasoning, of which there is nothing in the output
            }
        }
    }

    /// <summary>All of it.</summary>
    public ChatAnswer End() =>
        new(_text.ToString(), _refusal.Length > 0 ? _refusal.ToString() : null, _finish, _model, _usage) { Calls = _calls };

    // A part is a token, or a few.
    private void Add(string text)
    {
        _text.Append(text);
        if (_text.Length > maxOutputBytes)
        {
            throw new TooLongException(maxOutputBytes);
        }
        _tokens++;
        progress.Report(
            settings.MaxOutputTokens is { } most ? (double)_tokens / most : 0,
            string.Create(CultureInfo.InvariantCulture, $"about {_tokens} tokens"));
    }

    // {"error": {...}} among the parts: the status of the answer was sent long before.
    private void CheckError(StreamingChatCompletionUpdate update)
    {
        if (!update.Patch.TryGetJson("$.error"u8, out var json))
        {
            return;
        }
        var value = JsonElement.Parse(json.Span);
        var error = ServiceError.Read(value);
        int? status = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("code", out var code)
            && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var number) ? number : null;
        throw new AgentException(
            error.Code ?? (status is { } s ? Http.HttpErrors.OfStatus(s) : "error"),
            $"{who} failed in the middle of its answer: {error.Message ?? "it gave no reason"}",
            error.Retryable ?? ChatErrors.IsRetryable(status, error.Code))
        {
            RetryAfter = error.RetryAfter,
        };
    }
}
