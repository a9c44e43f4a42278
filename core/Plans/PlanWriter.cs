using System.Security.Cryptography;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Writes a plan as canonical JSON, so that equal plans have equal text and one hash.</summary>
internal static class PlanWriter
{
    private const int HashLength = 12;

    private static readonly Step s_defaults = new() { Id = "" };

    /// <summary>The definition with the plan's name as its first member.</summary>
    public static Json WriteNamed(Plan plan) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("name", plan.Name);
        foreach (var member in plan.Definition.Element.EnumerateObject())
        {
            member.WriteTo(writer);
        }
        writer.WriteEndObject();
    });

    public static Json Write(Plan plan) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        WriteText(writer, "description", plan.Settings.Description);
        if (plan.Settings.Labels is { } labels)
        {
            writer.WritePropertyName(LabelsReader.Key);
            JsonSerializer.Serialize(writer, labels, Json.Options);
        }
        if (plan.Settings.InputSchema is { } schema)
        {
            writer.WritePropertyName("input_schema");
            schema.Text.WriteTo(writer);
        }
        plan.Settings.Concurrency?.WriteTo(writer);
        WriteDuration(writer, "timeout", plan.Settings.Timeout, PlanSettings.DefaultTimeout);
        if (!plan.Settings.Webhooks.IsEmpty)
        {
            WebhookReader.Write(writer, plan.Settings.Webhooks);
        }
        if (!plan.Settings.Result.IsEmpty)
        {
            writer.WriteStartObject("result");
            foreach (var (name, path) in plan.Settings.Result)
            {
                writer.WriteString(name, path.Text);
            }
            writer.WriteEndObject();
        }
        writer.WriteStartObject("steps");
        foreach (var step in plan.Steps)
        {
            writer.WritePropertyName(step.Id);
            WriteStep(writer, step);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    public static string Hash(Json definition) =>
        Convert.ToHexStringLower(SHA256.HashData(definition.Utf8.Span))[..HashLength];

    private static void WriteStep(Utf8JsonWriter writer, Step step)
    {
        writer.WriteStartObject();
        WriteList(writer, "needs", step.Needs);
        if (step.Capabilities.Length == 1)
        {
            writer.WriteString("capability", step.Capabilities[0]);
        }
        else
        {
            WriteList(writer, "capability", step.Capabilities);
        }
        WriteText(writer, "agent", step.Agent);
        WriteText(writer, "plan", step.Plan);
        WriteWord(writer, "mode", step.Mode, s_defaults.Mode);
        WriteRequire(writer, step.Require);
        WriteTolerance(writer, step.MaxFailures);
        if (step.Candidates != s_defaults.Candidates)
        {
            writer.WriteNumber("candidates", step.Candidates);
        }
        WriteDuration(writer, "hedge_after", step.HedgeAfter, s_defaults.HedgeAfter);
        HedgeReader.Write(writer, step.Hedge);
        WriteText(writer, "for_each", step.ForEach?.Text);
        WriteMembers(writer, "with", step.With);
        if (step.Input is { } input)
        {
            writer.WritePropertyName("input");
            input.WriteTo(writer);
        }
        WriteDuration(writer, "timeout", step.Timeout, null);
        if (step.Retry is { } retry)
        {
            WriteRetry(writer, retry);
        }
        WriteList(writer, "fallback", step.Fallback);
        if (step.Prefer is not null)
        {
            writer.WriteStartObject("route");
            WriteMembers(writer, "prefer", step.Prefer);
            writer.WriteEndObject();
        }
        WriteText(writer, "when", step.When?.Text);
        if (step.Optional)
        {
            writer.WriteBoolean("optional", true);
        }
        WriteWord(writer, "on_none", step.OnNone, s_defaults.OnNone);
        WriteWait(writer, step.Wait);
        writer.WriteEndObject();
    }

    private static void WriteWait(Utf8JsonWriter writer, StepWait? wait)
    {
        if (wait is null)
        {
            return;
        }
        writer.WriteStartObject(wait.Approval is null ? "wait" : "approve");
        if (wait.Approval is { } approval)
        {
            writer.WriteString("title", approval.Title.Text);
            WriteText(writer, "description", approval.Description?.Text);
            if (approval.Form is { } form)
            {
                writer.WritePropertyName("form");
                form.WriteTo(writer);
            }
        }
        else
        {
            writer.WriteString("signal", wait.Signal);
        }
        WriteDuration(writer, "timeout", wait.Timeout, StepWait.DefaultTimeout);
        if (wait.RemindAfter is { } reminder)
        {
            writer.WriteString("remind_after", DurationText.Format(reminder));
        }
        WriteWord(writer, "on_timeout", wait.OnTimeout, OnTimeout.Fail);
        if (wait.Default is { } output)
        {
            writer.WritePropertyName("default");
            output.WriteTo(writer);
        }
        WriteList(writer, "by", wait.By);
        writer.WriteEndObject();
    }

    // Written even when it is empty: to be given nothing is not the same as to be given all there is.
    private static void WriteMembers(Utf8JsonWriter writer, string key, IReadOnlyDictionary<string, InputMember>? members)
    {
        if (members is null)
        {
            return;
        }
        writer.WriteStartObject(key);
        foreach (var (name, member) in members)
        {
            switch (member)
            {
                case InputMember.At { Otherwise: null } at:
                    writer.WriteString(name, at.Path.Text);
                    break;
                case InputMember.At at:
                    writer.WriteStartObject(name);
                    writer.WriteString("path", at.Path.Text);
                    writer.WritePropertyName("default");
                    at.Otherwise!.WriteTo(writer);
                    writer.WriteEndObject();
                    break;
                case InputMember.Filled filled:
                    writer.WriteStartObject(name);
                    writer.WriteString("text", filled.Template.Text);
                    writer.WriteEndObject();
                    break;
                default:
                    throw new InvalidOperationException($"unknown member {member.GetType()}");
            }
        }
        writer.WriteEndObject();
    }

    private static void WriteRequire(Utf8JsonWriter writer, Require require)
    {
        if (require == Require.Any || require.Settles)
        {
            writer.WriteString("require", require.ToString());
        }
        else if (require.Count is { } count)
        {
            writer.WriteNumber("require", count);
        }
    }

    private static void WriteTolerance(Utf8JsonWriter writer, Tolerance failures)
    {
        if (failures.Count is { } count)
        {
            writer.WriteNumber("max_failures", count);
        }
        else if (failures.Percent is { } percent)
        {
            writer.WriteString("max_failures", PercentText.Format(percent));
        }
    }

    // Written even when it is all defaults: a policy of its own is not the same as the agent's.
    private static void WriteRetry(Utf8JsonWriter writer, RetryPolicy retry)
    {
        var defaults = RetryPolicy.None;
        writer.WriteStartObject("retry");
        if (retry.MaxAttempts != defaults.MaxAttempts)
        {
            writer.WriteNumber("max_attempts", retry.MaxAttempts);
        }
        WriteDuration(writer, "backoff", retry.Backoff, defaults.Backoff);
        WriteDuration(writer, "max_backoff", retry.MaxBackoff, defaults.MaxBackoff);
        if (!retry.Jitter.Equals(defaults.Jitter))
        {
            writer.WriteNumber("jitter", retry.Jitter);
        }
        WriteList(writer, "on", retry.On);
        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string key, IReadOnlyCollection<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }
        writer.WriteStartArray(key);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, string key, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(key, value);
        }
    }

    private static void WriteWord<T>(Utf8JsonWriter writer, string key, T value, T defaultValue)
        where T : struct, Enum
    {
        if (!value.Equals(defaultValue))
        {
            writer.WriteString(key, StepReader.WordOf(value));
        }
    }

    private static void WriteDuration(Utf8JsonWriter writer, string key, TimeSpan? value, TimeSpan? defaultValue)
    {
        if (value is { } duration && value != defaultValue)
        {
            writer.WriteString(key, DurationText.Format(duration));
        }
    }
}
