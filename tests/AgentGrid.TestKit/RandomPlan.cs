using AgentGrid.Core;

namespace AgentGrid.TestKit;

/// <summary>Valid plans of all shapes, drawn from a random source.</summary>
public static class RandomPlan
{
    public static Json Make(Random random) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("timeout", $"{random.Next(20, 200)}s");
        writer.WriteStartObject("steps");
        var count = random.Next(1, 8);
        for (var i = 0; i < count; i++)
        {
            writer.WriteStartObject($"s{i}");
            WriteNeeds(writer, random, i);
            WriteTarget(writer, random);
            if (random.Next(4) == 0)
            {
                writer.WriteBoolean("optional", true);
            }
            if (random.Next(3) == 0)
            {
                writer.WriteString("timeout", $"{random.Next(1, 8)}s");
            }
            if (random.Next(6) == 0)
            {
                writer.WriteString("when", random.Next(2) == 0 ? "input.flag" : "not input.flag");
            }
            if (random.Next(4) == 0)
            {
                writer.WriteStartArray("fallback");
                writer.WriteStringValue("agent3");
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    private static void WriteNeeds(System.Text.Json.Utf8JsonWriter writer, Random random, int step)
    {
        writer.WriteStartArray("needs");
        for (var need = 0; need < step; need++)
        {
            if (random.Next(3) == 0)
            {
                writer.WriteStringValue($"s{need}");
            }
        }
        writer.WriteEndArray();
    }

    private static void WriteTarget(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                writer.WriteString("agent", $"agent{random.Next(3)}");
                break;
            case 1:
                writer.WriteString("capability", "work");
                writer.WriteString("mode", "race");
                writer.WriteNumber("candidates", random.Next(1, 4));
                writer.WriteString("hedge_after", $"{random.Next(3)}s");
                break;
            case 2:
                writer.WriteString("capability", "work");
                writer.WriteString("mode", "all");
                WriteRequire(writer, random);
                break;
            case 3:
                writer.WriteString("capability", "work");
                writer.WriteString("mode", "each");
                writer.WriteString("for_each", "input.list");
                WriteRequire(writer, random);
                break;
            default:
                writer.WriteString("capability", random.Next(5) == 0 ? "nobody_has_this" : "work");
                writer.WriteString("on_none", random.Next(2) == 0 ? "skip" : "fail");
                break;
        }
    }

    private static void WriteRequire(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        switch (random.Next(3))
        {
            case 0: writer.WriteString("require", "all"); break;
            case 1: writer.WriteString("require", "any"); break;
            default: writer.WriteNumber("require", 2); break;
        }
    }
}
