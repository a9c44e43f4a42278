using AgentGrid.Core;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace AgentGrid.Kinds.Chat;

/// <summary>What a model is asked.</summary>
internal static class ChatRequest
{
    private const string SchemaName = "answer";

    public static List<ChatMessage> Messages(ChatSettings settings, Json input)
    {
        var system = settings.System?.Fill(input);
        if (settings.OutputSchema is { } schema && settings.Structured != StructuredMode.Schema)
        {
            system = $"{(system is null ? "" : $"{system}\n\n")}Answer with one JSON value that fits this JSON schema, and with nothing else:\n{schema.Text}";
        }
        var prompt = new ChatMessage(ChatRole.User, settings.Prompt.Fill(input));
        return system is null ? [prompt] : [new ChatMessage(ChatRole.System, system), prompt];
    }

    public static ChatOptions Options(ChatSettings settings, Uri endpoint, IList<AITool> tools) => new()
    {
        Tools = tools.Count > 0 ? tools : null,
        Temperature = (float?)settings.Temperature,
        TopP = (float?)settings.TopP,
        FrequencyPenalty = (float?)settings.FrequencyPenalty,
        PresencePenalty = (float?)settings.PresencePenalty,
        Seed = settings.Seed,
        StopSequences = settings.Stop.IsEmpty ? null : [.. settings.Stop],
        RawRepresentationFactory = _ => Raw(settings, endpoint),
    };

    // What has no common form, or whose common form says less: the library would leave limits out of a schema.
    private static ChatCompletionOptions Raw(ChatSettings settings, Uri endpoint)
    {
        var options = new ChatCompletionOptions();
        if (settings.OutputSchema is { } schema)
        {
            options.ResponseFormat = settings.Structured switch
            {
                StructuredMode.Schema => OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat(
                    SchemaName, BinaryData.FromBytes(schema.Text.Utf8), jsonSchemaIsStrict: schema.IsStrict ? true : null),
                StructuredMode.Object => OpenAI.Chat.ChatResponseFormat.CreateJsonObjectFormat(),
                _ => null,
            };
        }
        if (settings.ReasoningEffort is { } effort)
        {
            options.ReasoningEffortLevel = new ChatReasoningEffortLevel(effort);
        }
        if (settings.MaxOutputTokens is { } most)
        {
            // Others know the older name alone, which OpenAI refuses for its newer models.
            if (IsOpenAi(endpoint))
            {
                options.MaxOutputTokenCount = most;
            }
            else
            {
                options.Patch.Set("$.max_tokens"u8, most);
            }
        }
        return options;
    }

    private static bool IsOpenAi(Uri endpoint) =>
        endpoint.Host.Equals("api.openai.com", StringComparison.OrdinalIgnoreCase)
        || endpoint.Host.EndsWith(".azure.com", StringComparison.OrdinalIgnoreCase);
}
