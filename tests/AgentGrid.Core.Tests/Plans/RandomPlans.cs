using System.Text.Json.Nodes;

namespace AgentGrid.Core.Tests.Plans;

/// <summary>Makes valid plans of every shape, the same ones for the same seed.</summary>
internal sealed class RandomPlans(int seed)
{
    private readonly Random _random = new(seed);

    public JsonObject Next()
    {
        var steps = new JsonObject();
        var count = _random.Next(1, 12);
        string[] ids = [.. Enumerable.Range(0, count).Select(i => $"{Pick("s", "2-", "x.", "Step_")}{i}")];
        foreach (var i in Enumerable.Range(0, count).OrderBy(_ => _random.Next()).ToArray())
        {
            steps[ids[i]] = NextStep([.. ids.Take(i).Where(_ => _random.Next(3) == 0)]);
        }
        var plan = new JsonObject { ["steps"] = steps };
        Maybe(() => plan["description"] = "What it \"does\".", Chance());
        if (Chance())
        {
            plan["timeout"] = NextDuration();
        }
        if (Chance())
        {
            plan["result"] = new JsonObject
            {
                ["a"] = $"[\"{Pick(ids)}\"].x[3]",
                ["b.c"] = "input['odd \\\"name']",
            };
        }
        return plan;
    }

    private JsonObject NextStep(string[] needs)
    {
        var step = new JsonObject();
        var mode = Pick("one", "all", "race", "each");
        Maybe(() => step["mode"] = mode, mode != "one");
        Maybe(() => step["needs"] = NextList(needs, all: true), needs.Length > 0);
        Maybe(
            () => step["require"] = Chance() ? _random.Next(1, 5) : Pick("all", "any", "settled"),
            mode is "all" or "each" && Chance());
        Maybe(
            () => step["max_failures"] = Chance() ? _random.Next(5) : $"{_random.Next(1_000) / 10d}%",
            $"{step["require"]}" == "settled" && Chance());
        var hedged = mode is "race" or "each" && _random.Next(3) == 0;
        Maybe(() => step["hedge"] = NextHedge(), hedged);
        Maybe(() => step["candidates"] = _random.Next(1, 9), mode == "race" && !hedged && Chance());
        Maybe(() => step["hedge_after"] = Chance() ? "0s" : NextDuration(), mode == "race" && !hedged && Chance());
        Maybe(() => step["for_each"] = $"[\"{Pick([.. needs, "input"])}\"].items", mode == "each");
        Maybe(() => step["input"] = NextObject(3), Chance());
        Maybe(() => step["with"] = NextWith([.. needs, "input"]), Chance());
        Maybe(() => step["timeout"] = NextDuration(), !hedged && Chance());
        Maybe(
            () => step["when"] = $"[\"{Pick([.. needs, "input"])}\"].a >= {_random.Next(9)} or not input.b", Chance());
        Maybe(() => step["optional"] = Chance(), Chance());
        Maybe(() => step["on_none"] = Pick("fail", "skip"), Chance());
        Maybe(() => step["fallback"] = NextList(["f1", "f2", "f3"]), Chance());
        Maybe(() => step["retry"] = NextRetry(), Chance());
        if (Chance())
        {
            step["agent"] = Pick("agent-a", "b");
        }
        else
        {
            step["capability"] = Chance() ? "c" : NextList(["c", "d", "e"]);
            Maybe(() => step["route"] = new JsonObject
            {
                ["prefer"] = new JsonObject { ["lang"] = "input.a[1]", ["tier"] = new JsonObject { ["text"] = "gold" } },
            }, mode != "all" && Chance());
        }
        return step;
    }

    private JsonObject NextHedge()
    {
        var hedge = new JsonObject { ["after"] = Chance() ? $"p{_random.Next(50, 100)}" : NextDuration() };
        Maybe(() => hedge["max"] = _random.Next(1, 6), Chance());
        Maybe(() => hedge["budget"] = _random.Next(3) switch
        {
            0 => $"{_random.Next(1, 1_001) / 10d}%",
            1 => $"{_random.Next(1, 1_001) / 10d}% gpu_seconds",
            _ => NextBudget(),
        }, Chance());
        return hedge;
    }

    private JsonObject NextBudget()
    {
        var budget = new JsonObject();
        Maybe(() => budget["attempts"] = $"{_random.Next(1, 100)}%", Chance());
        Maybe(() => budget["gpu_seconds"] = "2.5%", Chance());
        Maybe(() => budget["window"] = Pick("1m", "10m", "90s", "1d"), Chance());
        return budget;
    }

    private JsonObject NextWith(string[] roots)
    {
        var with = new JsonObject();
        Maybe(() => with["a path"] = $"[\"{Pick(roots)}\"].a[1]", Chance());
        Maybe(() => with["b"] = new JsonObject { ["path"] = $"[\"{Pick(roots)}\"].b", ["default"] = NextObject(2) }, Chance());
        Maybe(() => with["c"] = new JsonObject { ["text"] = $"{{{{{{{{ {{{{ ['{Pick(roots)}'].c }}}} }}}} {{" }, Chance());
        return with;
    }

    private JsonObject NextRetry()
    {
        var retry = new JsonObject();
        Maybe(() => retry["max_attempts"] = _random.Next(1, 9), Chance());
        Maybe(() => retry["backoff"] = Pick("0s", "200ms", "3s", "30s"), Chance());
        Maybe(() => retry["max_backoff"] = Pick("30s", "1h"), Chance());
        Maybe(() => retry["jitter"] = _random.Next(5) / 4d, Chance());
        Maybe(() => retry["on"] = NextList(["error", "timeout", "lost", "own_code"]), Chance());
        return retry;
    }

    private JsonObject NextObject(int depth)
    {
        var value = new JsonObject();
        for (var i = _random.Next(4); i > 0; i--)
        {
            value[Pick("a", "ü", "", "odd \"key\"", "1", "true", "~", ": #")] = NextValue(depth - 1);
        }
        return value;
    }

    private JsonNode? NextValue(int depth) => _random.Next(depth > 0 ? 9 : 7) switch
    {
        0 => null,
        1 => Chance(),
        2 => _random.Next(-9, 9),
        3 => _random.NextDouble(),
        4 => Pick(
            "", "text", "true", "12", "~", " - a: b # c", "tab\tnew\nline", "\u0001", "😀", "\\ \" '", "1e3", ".inf"),
        5 => JsonNode.Parse("1.50e+3"),
        6 => long.MaxValue,
        7 => NextObject(depth),
        _ => new JsonArray([.. Enumerable.Range(0, _random.Next(3)).Select(_ => NextValue(depth - 1))]),
    };

    private JsonArray NextList(string[] values, bool all = false) =>
    [
        .. values.OrderBy(_ => _random.Next()).Take(all ? values.Length : _random.Next(1, values.Length + 1))
            .Select(v => JsonValue.Create(v)),
    ];

    private string NextDuration() =>
        Pick("1ms", "1.5s", "90s", "1m30s", "3600000ms", "1h", "2d", $"{_random.Next(1, 100_000)}ms");

    private string Pick(params string[] values) => values[_random.Next(values.Length)];

    private bool Chance() => _random.Next(2) == 0;

    private static void Maybe(Action action, bool condition)
    {
        if (condition)
        {
            action();
        }
    }
}
