using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>Reads the parameters of <c>SendMessage</c>.</summary>
internal static class MessageReader
{
    /// <summary>Where a client names a plan. A2A leaves open where; these are the places that clients use.</summary>
    public const string SkillField = "message.metadata.skillId";

    /// <summary>Where a client names the step that it answers, where several wait.</summary>
    public const string StepField = "message.metadata.step";

    private static readonly string[] s_skillFields = [SkillField, "message.metadata.skill", "metadata.skillId", "metadata.skill"];
    private static readonly string[] s_stepFields = [StepField, "message.metadata.signal"];

    /// <summary>A <see cref="SentMessage"/> or the <see cref="RpcError"/> in its place.</summary>
    public static object Read(JsonElement values)
    {
        var read = new ParamReader();
        var configuration = read.Object(values, "configuration") ?? default;
        if (configuration.ValueKind == JsonValueKind.Object
            && read.Object(configuration, "configuration.taskPushNotificationConfig") is not null)
        {
            return new RpcError(RpcError.PushNotificationNotSupported, "Push notifications are not supported; subscribe to the task.");
        }
        if (read.Object(values, "message") is not { } message)
        {
            return read.Error ?? RpcError.Invalid("message", "It is required.");
        }
        var messageId = read.Needed(message, "message.messageId");
        var contextId = read.Text(message, "message.contextId");
        Check(read, "message.messageId", messageId);
        Check(read, "message.contextId", contextId);
        if (read.Needed(message, "message.role") is { Length: > 0 } role and not "ROLE_USER")
        {
            read.Refuse("message.role", $"It is '{Names.Shorten(role)}'; expected ROLE_USER.");
        }
        var content = MessageContent.Read(message, read);
        var sent = new SentMessage(
            messageId, contextId, read.Text(message, "message.taskId"),
            First(read, values, message, s_skillFields), First(read, values, message, s_stepFields),
            content as Json ?? Json.Null,
            configuration.ValueKind == JsonValueKind.Object ? read.Int(configuration, "configuration.historyLength", 0, int.MaxValue) : null,
            configuration.ValueKind == JsonValueKind.Object && read.Flag(configuration, "configuration.returnImmediately"));
        return read.Error ?? content as RpcError ?? (object)sent;
    }

    private static void Check(ParamReader read, string field, string? part)
    {
        if (part is { Length: > 0 } && RunKey.Problem(field, part) is { } problem)
        {
            read.Refuse(field, problem);
        }
    }

    private static string? First(ParamReader read, JsonElement values, JsonElement message, string[] fields)
    {
        foreach (var field in fields)
        {
            var holder = field.StartsWith("message.", StringComparison.Ordinal) ? message : values;
            if (holder.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
                && read.Text(metadata, field) is { } text)
            {
                return text;
            }
        }
        return null;
    }
}
