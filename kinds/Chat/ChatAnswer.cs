using System.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using Microsoft.Extensions.AI;

namespace AgentGrid.Kinds.Chat;

/// <summary>What a model has answered.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Refusal">Why it would not; null when it did.</param>
/// <param name="Finish">Why the answer ended there.</param>
/// <param name="Model">The model that answered, as the endpoint calls it; null when it does not say.</param>
/// <param name="Usage">Tokens; null when the endpoint does not say.</param>
internal sealed record ChatAnswer(string Text, string? Refusal, ChatFinishReason? Finish, string? Model, UsageDetails? Usage)
{
    private const int LongestQuote = 200;

    /// <summary>The tools that the model wants to be called before it goes on.</summary>
    public IReadOnlyList<FunctionCallContent> Calls { get; init; } = [];

    /// <summary>How many tools were called until this was the answer; null where there are none to call.</summary>
    public int? ToolCalls { get; init; }

    /// <summary>Of the prompt and the answer together; null when the endpoint does not say.</summary>
    public long? Tokens => Usage is null ? null : Usage.TotalTokenCount ?? (Usage.InputTokenCount ?? 0) + (Usage.OutputTokenCount ?? 0);

    /// <summary>It is no answer yet.</summary>
    public bool WantsTools => Calls.Count > 0 && Refusal is null && (Finish == ChatFinishReason.ToolCalls || Finish == ChatFinishReason.Stop);

    public static ChatAnswer Of(ChatResponse response) => new(
        response.Text,
        response.Messages.SelectMany(m => m.Contents).OfType<ErrorContent>().FirstOrDefault()?.Message,
        response.FinishReason, response.ModelId, response.Usage)
    {
        Calls = [.. response.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>()],
    };

    /// <summary>The output of the attempt.</summary>
    /// <exception cref="AgentException">It is not what was asked for.</exception>
    public Json Output(ChatSettings settings, string who)
    {
        if (Refusal is not null || Finish == ChatFinishReason.ContentFilter)
        {
            throw new AgentException(
                ChatErrors.Refused, $"{who} refused: {Refusal ?? "the endpoint's filter withheld the answer"}", retryable: false);
        }
        if (Finish == ChatFinishReason.Length)
        {
            throw new AgentException(
                ChatErrors.OutputCut, $"{who} was cut off after {Usage?.OutputTokenCount?.ToString() ?? "all its"} tokens: raise 'max_output_tokens', or ask for less.",
                retryable: false);
        }
        if (Finish is null)
        {
            throw new AgentException(HttpErrors.ConnectionLost, $"{who}: the answer ended before it was whole.");
        }
        var value = settings.OutputSchema is { } schema ? Value(schema, who) : null;
        return settings.ValueOnly ? value ?? Json.From(Text) : Json.Build(writer => WriteTo(writer, value));
    }

    private void WriteTo(Utf8JsonWriter writer, Json? value)
    {
        writer.WriteStartObject();
        if (value is not null)
        {
            writer.WritePropertyName("value"u8);
            value.WriteTo(writer);
        }
        else
        {
            writer.WriteString("text"u8, Text);
        }
        if (Usage is not null || ToolCalls is not null)
        {
            writer.WriteStartObject("usage"u8);
            WriteCount(writer, "input_tokens"u8, Usage?.InputTokenCount);
            WriteCount(writer, "output_tokens"u8, Usage?.OutputTokenCount);
            WriteCount(writer, "cached_input_tokens"u8, Usage?.CachedInputTokenCount);
            WriteCount(writer, "reasoning_tokens"u8, Usage?.ReasoningTokenCount);
            WriteCount(writer, "tool_calls"u8, ToolCalls);
            writer.WriteEndObject();
        }
        if (Model is not null)
        {
            writer.WriteString("model"u8, Model);
        }
        writer.WriteString("finish_reason"u8, Finish!.Value.Value);
        writer.WriteEndObject();
    }

    private static void WriteCount(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? count)
    {
        if (count is { } tokens)
        {
            writer.WriteNumber(name, tokens);
        }
    }

    // Another answer to the same question can fit.
    private Json Value(AnswerSchema schema, string who)
    {
        var value = Json.Trusted(Encoding.UTF8.GetBytes(WithoutFence(Text)));
        var problem = value.Problem() is { } noJson ? $"it is not JSON: {noJson}"
            : schema.Problem(value) is { } misfit ? $"it does not fit 'output_schema': {misfit}"
            : null;
        return problem is null ? value : throw new AgentException(
            HttpErrors.BadAnswer, $"{who} gave an answer that cannot be used: {problem} It begins with: {Names.Shorten(Text, LongestQuote)}");
    }

    // Models like to show JSON as a block of code.
    private static string WithoutFence(string text)
    {
        var trimmed = text.Trim();
        if (!trimmed.StartsWith("```", StringComparison.Ordinal) || !trimmed.EndsWith("```", StringComparison.Ordinal))
        {
            return trimmed;
        }
        var begin = trimmed.IndexOf('\n');
        return begin < 0 || begin >= trimmed.Length - 3 ? trimmed : trimmed[(begin + 1)..^3].Trim();
    }
}
