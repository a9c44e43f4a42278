using AgentGrid.Core;

namespace AgentGrid.TestKit;

/// <summary>Valid plans of all shapes, drawn from a random source.</summary>
public static class RandomPlan
{
    /// <param name="plans">The names of plans; one of its steps calls one of them.</param>
    public static Json Make(Random random, params string[] plans) => Make(random, 7, false, plans);

    /// <inheritdoc cref="Make(Random, string[])"/>
    /// <param name="most">How many steps it has at most.</param>
    /// <param name="groups">Some of the plans have runs that are counted together, by <c>input.flag</c>.</param>
    public static Json Make(Random random, int most, bool groups = false, params string[] plans) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        if (groups && random.Next(3) > 0)
        {
            writer.WriteStartObject("concurrency");
            writer.WriteString("key", "input.flag");
            writer.WriteNumber("max", random.Next(1, 3));
            writer.WriteString("policy", random.Next(6) switch { 0 => "reject", 1 => "replace", _ => "queue" });
            writer.WriteEndObject();
        }
        writer.WriteString("timeout", $"{random.Next(20, 200)}s");
        WriteWebhooks(writer, random);
        writer.WriteStartObject("steps");
        var count = random.Next(1, most + 1);
        var waits = random.Next(2) == 0;
        var call = plans.Length > 0 ? random.Next(count) : -1;
        for (var i = 0; i < count; i++)
        {
            writer.WriteStartObject($"s{i}");
            WriteNeeds(writer, random, i);
            if (random.Next(4) == 0)
            {
                writer.WriteBoolean("optional", true);
            }
            if (random.Next(6) == 0)
            {
                writer.WriteString("when", random.Next(2) == 0 ? "input.flag" : "not input.flag");
            }
            if (i == call)
            {
                WriteCall(writer, random, plans);
            }
            else if (waits && random.Next(4) == 0)
            {
                WriteWait(writer, random);
            }
            else
            {
                WriteWork(writer, random);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>Something that can be sent to a run of such a plan: most often what one of its steps waits for.</summary>
    /// <param name="plan">The plan's definition.</param>
    /// <returns>The signal's name, and what comes with it.</returns>
    public static (string Name, Json Data) Signal(Random random, Json plan)
    {
        (string Name, bool Approved)[] waits =
        [
            .. plan.Element.GetProperty("steps").EnumerateObject().SelectMany(static s =>
                s.Value.TryGetProperty("wait", out var wait) ? [(wait.GetProperty("signal").GetString()!, false)]
                : s.Value.TryGetProperty("approve", out _) ? [(s.Name, true)]
                : Array.Empty<(string, bool)>()),
        ];
        var (name, approved) = waits.Length > 0 && random.Next(8) > 0 ? waits[random.Next(waits.Length)] : ("signal1", false);
        return (name, Json.Parse(approved
            ? random.Next(6) switch
            {
                0 => """{"approved":false,"comment":"no"}""",
                1 => """{"approved":true}""", // the form is not filled in
                _ => """{"approved":true,"values":{"stars":3}}""",
            }
            : $"{random.Next(4)}"));
    }

    private static void WriteWork(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        WriteTarget(writer, random);
        if (random.Next(3) == 0)
        {
            writer.WriteString("timeout", $"{random.Next(1, 8)}s");
        }
        if (random.Next(4) == 0)
        {
            writer.WriteStartArray("fallback");
            writer.WriteStringValue("agent3");
            writer.WriteEndArray();
        }
    }

    private static void WriteWait(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        if (random.Next(2) == 0)
        {
            writer.WriteStartObject("wait");
            writer.WriteString("signal", $"signal{random.Next(2)}");
        }
        else
        {
            writer.WriteStartObject("approve");
            writer.WriteString("title", "{{ input.list }}?");
            writer.WriteStartObject("form");
            writer.WriteStartObject("properties");
            writer.WriteStartObject("stars");
            writer.WriteString("type", "integer");
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteStartArray("required");
            writer.WriteStringValue("stars");
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        // Longer than the run may take, now and then: its clock stands still meanwhile.
        var timeout = random.Next(1, random.Next(3) == 0 ? 400 : 20);
        writer.WriteString("timeout", $"{timeout}s");
        if (random.Next(2) == 0)
        {
            writer.WriteString("remind_after", $"{random.Next(1, (timeout * 1_000))}ms");
        }
        var (word, hasDefault) = random.Next(3) switch { 0 => ("fail", false), 1 => ("skip", false), _ => ("default", true) };
        writer.WriteString("on_timeout", word);
        if (hasDefault)
        {
            writer.WriteString("default", "late");
        }
        writer.WriteEndObject();
    }

    private static void WriteWebhooks(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        writer.WriteStartArray("webhooks");
        for (var i = random.Next(3); i > 0; i--)
        {
            writer.WriteStartObject();
            writer.WriteString("url", $"https://hooks.example/{i}");
            if (random.Next(2) == 0)
            {
                writer.WriteStartArray("on");
                writer.WriteStringValue(random.Next(2) == 0 ? "waiting" : "reminder");
                writer.WriteStringValue(random.Next(2) == 0 ? "completed" : "failed");
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteCall(System.Text.Json.Utf8JsonWriter writer, Random random, string[] plans)
    {
        writer.WriteString("plan", plans[random.Next(plans.Length)]);
        if (random.Next(3) == 0)
        {
            writer.WriteString("mode", "each");
            writer.WriteString("for_each", "input.list");
            WriteRequire(writer, random);
        }
        if (random.Next(3) == 0)
        {
            writer.WriteString("timeout", $"{random.Next(1, 60)}s");
        }
        if (random.Next(3) == 0)
        {
            writer.WriteStartObject("retry");
            writer.WriteNumber("max_attempts", 2);
            writer.WriteEndObject();
        }
    }

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

    // Which nodes, of those that have a slot.
    private static void WritePreference(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        if (random.Next(2) == 0)
        {
            return;
        }
        writer.WriteStartObject("route");
        writer.WriteStartObject("prefer");
        writer.WriteStartObject("zone");
        writer.WriteString("text", random.Next(2) == 0 ? "even" : "odd");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
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
                WriteRace(writer, random);
                WritePreference(writer, random);
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
                if (random.Next(2) == 0)
                {
                    WriteHedge(writer, random);
                }
                WritePreference(writer, random);
                break;
            default:
                writer.WriteString("capability", random.Next(5) == 0 ? "nobody_has_this" : "work");
                writer.WriteString("on_none", random.Next(2) == 0 ? "skip" : "fail");
                WritePreference(writer, random);
                break;
        }
    }

    private static void WriteRace(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        if (random.Next(3) == 0)
        {
            writer.WriteString("mode", "race");
            writer.WriteNumber("candidates", random.Next(1, 4));
            writer.WriteString("hedge_after", $"{random.Next(3)}s");
            return;
        }
        WriteHedge(writer, random);
    }

    private static void WriteHedge(System.Text.Json.Utf8JsonWriter writer, Random random)
    {
        writer.WriteStartObject("hedge");
        writer.WriteString("after", random.Next(4) == 0 ? $"p{random.Next(50, 100)}" : $"{random.Next(1, 100)}ms");
        writer.WriteNumber("max", random.Next(2, 4));
        switch (random.Next(4))
        {
            case 0: writer.WriteString("budget", "60%"); break;
            case 1: writer.WriteString("budget", "30% gpu_seconds"); break;
            case 2:
                writer.WriteStartObject("budget");
                writer.WriteString("attempts", "80%");
                writer.WriteString("gpu_seconds", "20%");
                writer.WriteString("window", "1m");
                writer.WriteEndObject();
                break;
            default: break;
        }
        writer.WriteEndObject();
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
