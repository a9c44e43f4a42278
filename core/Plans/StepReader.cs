using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads one step: what it says, and whether what it says goes together.</summary>
internal sealed class StepReader(ProblemList problems)
{
    public const int MostBranches = 100_000;

    private static readonly string[] s_keys =
    [
        "needs", "capability", "agent", "plan", "mode", "require", "max_failures", "candidates", "hedge_after", HedgeReader.Key, "for_each", "with",
        "input", "timeout", "retry", "fallback", "route", "when", "optional", "on_none", "wait", "approve",
    ];

    // Who does the work of a step; each has one of them.
    private static readonly string[] s_targets = ["capability", "agent", "plan", "wait", "approve"];

    // Keys that are about agents.
    private static readonly string[] s_agentKeys =
    [
        "mode", "require", "max_failures", "candidates", "hedge_after", HedgeReader.Key, "for_each", "input", "timeout", "retry",
        "fallback", "route", "on_none",
    ];

    // Those of them that choose among agents.
    private static readonly string[] s_choiceKeys = ["candidates", "hedge_after", HedgeReader.Key, "fallback", "route", "on_none"];

    // Keys with a meaning in some modes only.
    private static readonly (string Key, StepMode[] Modes)[] s_modeKeys =
    [
        ("require", [StepMode.All, StepMode.Each]),
        ("max_failures", [StepMode.All, StepMode.Each]),
        ("candidates", [StepMode.Race]),
        ("hedge_after", [StepMode.Race]),
        (HedgeReader.Key, [StepMode.Race, StepMode.Each]),
        ("for_each", [StepMode.Each]),
        ("route", [StepMode.One, StepMode.Race, StepMode.Each]),
    ];

    internal static readonly FrozenDictionary<string, StepMode> Modes = WordsOf<StepMode>();
    internal static readonly FrozenDictionary<string, OnNone> OnNones = WordsOf<OnNone>();

    public StepDraft Read(ConfigNode.Entry entry)
    {
        CheckId(entry);
        var reader = new MappingReader(entry.Value, problems, s_keys);
        var defaults = new Step { Id = entry.Key };
        var step = new Step
        {
            Id = entry.Key,
            // The order of needs means nothing, so that one order makes equal plans equal.
            Needs = [.. (reader.NameList("needs", "step id") ?? []).Order(StringComparer.Ordinal)],
            Capabilities = reader.NameList("capability", "capability") ?? [],
            Agent = reader.Name("agent", "agent name"),
            Plan = reader.Name("plan", "plan name"),
            // Whoever may ask a second agent for the same work has a race, whether or not it comes to that.
            Mode = reader.Word("mode", Modes) ?? (reader[HedgeReader.Key] is null ? defaults.Mode : StepMode.Race),
            Require = ReadRequire(reader),
            MaxFailures = ReadMaxFailures(reader),
            Candidates = reader.Integer("candidates", 1, MostBranches) ?? defaults.Candidates,
            HedgeAfter = reader.Duration("hedge_after", zero: true) ?? defaults.HedgeAfter,
            Hedge = HedgeReader.Read(reader, problems),
            ForEach = PathText.ReadPath(reader, "for_each", problems),
            With = InputReader.Read(reader["with"], problems),
            Input = ReadInput(entry.Key, reader),
            Timeout = reader.Duration("timeout"),
            Retry = RetryReader.Read(reader["retry"], problems),
            Fallback = reader.NameList("fallback", "agent name") ?? [],
            Prefer = RouteReader.ReadPrefer(reader, problems),
            When = PathText.ReadCondition(reader, "when", problems),
            Optional = reader.Flag("optional") ?? defaults.Optional,
            OnNone = reader.Word("on_none", OnNones) ?? defaults.OnNone,
            Wait = WaitReader.Read(entry.Key, reader, problems),
        };
        var draft = new StepDraft(step, entry.Place, entry.Value as ConfigNode.Mapping);
        if (entry.Value is ConfigNode.Mapping or ConfigNode.Scalar { Kind: ScalarKind.Null })
        {
            CheckTarget(draft, reader);
            if (reader["wait"] is not null || reader["approve"] is not null)
            {
                CheckWait(draft, reader);
            }
            else
            {
                CheckMode(draft, reader);
                CheckPlan(draft, reader);
                HedgeReader.Check(draft, problems);
            }
        }
        return draft;
    }

    private void CheckId(ConfigNode.Entry entry)
    {
        if (!Names.IsValid(entry.Key))
        {
            problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("step id", entry.Key));
        }
        if (entry.Key == ValuePath.InputRoot)
        {
            problems.Add(
                entry.Place, ConfigCodes.ReservedName,
                $"a step cannot be named '{ValuePath.InputRoot}': in paths that word means the run's input.");
        }
    }

    private void CheckTarget(StepDraft draft, MappingReader reader)
    {
        var there = s_targets.Where(k => reader[k] is not null).ToArray();
        if (there.Length != 1)
        {
            problems.Add(
                there.Length == 0 ? draft.Place : reader[there[1]]!.Place, ConfigCodes.NoTarget,
                $"step '{Names.Shorten(draft.Id)}' has {(there.Length == 0 ? "none of" : "several of")} 'capability', 'agent', " +
                "'plan', 'wait' and 'approve': give it one of them.");
        }
        else if (reader["capability"] is ConfigNode.Sequence { Items.IsEmpty: true } capability)
        {
            problems.Add(
                capability.Place, ConfigCodes.NoTarget,
                $"step '{Names.Shorten(draft.Id)}' lists no capability: name at least one.");
        }
        if (reader["agent"] is not null && reader["route"] is not null)
        {
            problems.Add(
                draft.At("route"), ConfigCodes.NotInMode,
                "'route' has no meaning beside 'agent', where there is nothing to choose from: remove it, or ask for a 'capability'.");
        }
        if (draft.Step.Agent is { } name && draft.Step.Fallback.Contains(name))
        {
            problems.Add(
                draft.At("fallback", name), ConfigCodes.DuplicateEntry,
                $"'fallback' lists '{name}', which is the step's agent already: use 'retry' to try it again.");
        }
    }

    private void CheckWait(StepDraft draft, MappingReader reader)
    {
        var key = reader["wait"] is null ? "approve" : "wait";
        foreach (var other in s_agentKeys.Where(k => reader[k] is not null))
        {
            problems.Add(
                draft.At(other), ConfigCodes.NotInMode,
                $"'{other}' has no meaning beside '{key}', where no agent is asked: remove it" +
                (other == "timeout" ? $", or write it under '{key}'." : "."));
        }
        if (key == "wait" && reader["with"] is not null)
        {
            problems.Add(
                draft.At("with"), ConfigCodes.NotInMode,
                "'with' has no meaning beside 'wait': a signal has no input. Beside 'approve', it is what those who decide are shown.");
        }
    }

    private void CheckPlan(StepDraft draft, MappingReader reader)
    {
        if (reader["plan"] is null)
        {
            return;
        }
        foreach (var key in s_choiceKeys.Where(k => reader[k] is not null))
        {
            problems.Add(
                draft.At(key), ConfigCodes.NotInMode, $"'{key}' has no meaning beside 'plan', where no agent is chosen: remove it.");
        }
        if (reader["mode"] is not null && draft.Step.Mode is not (StepMode.One or StepMode.Each))
        {
            problems.Add(
                draft.At("mode"), ConfigCodes.NotInMode,
                $"mode {WordOf(draft.Step.Mode)} asks several agents, and beside 'plan' there are none: remove it, or write 'mode: each'.");
        }
    }

    private void CheckMode(StepDraft draft, MappingReader reader)
    {
        // A mode that could not be read would make every key look out of place.
        if (reader["mode"] is ConfigNode.Scalar mode && !Modes.ContainsKey(mode.Text))
        {
            return;
        }
        foreach (var (key, modes) in s_modeKeys)
        {
            if (reader[key] is null || modes.Contains(draft.Step.Mode))
            {
                continue;
            }
            problems.Add(
                draft.At(key), ConfigCodes.NotInMode,
                $"'{key}' has no meaning in mode {WordOf(draft.Step.Mode)}: remove it, or write " +
                $"'mode: {string.Join("' or 'mode: ", modes.Select(WordOf))}'.");
        }
        if (draft.Step.Mode == StepMode.Each && reader["for_each"] is null)
        {
            problems.Add(
                draft.At("mode"), ConfigCodes.NoForEach,
                $"step '{Names.Shorten(draft.Id)}' has mode each, so it needs 'for_each: <path to a list>'.");
        }
    }

    private Require ReadRequire(MappingReader reader) => reader["require"] switch
    {
        null => Require.All,
        ConfigNode.Scalar { Kind: ScalarKind.Number } =>
            reader.Integer("require", 1, MostBranches) is { } count ? new Require(count) : Require.All,
        ConfigNode.Scalar { Kind: ScalarKind.Text, Text: "all" } => Require.All,
        ConfigNode.Scalar { Kind: ScalarKind.Text, Text: "any" } => Require.Any,
        ConfigNode.Scalar { Kind: ScalarKind.Text, Text: "settled" } => Require.Settled,
        var node => BadRequire(node),
    };

    private Require BadRequire(ConfigNode node)
    {
        problems.Add(
            node.Place, ConfigCodes.UnknownWord, $"'require': expected all, any, settled or a number, got {node.Describe()}.");
        return Require.All;
    }

    private Tolerance ReadMaxFailures(MappingReader reader)
    {
        if (reader["max_failures"] is not { } node)
        {
            return default;
        }
        if (reader["require"] is not ConfigNode.Scalar { Text: "settled" })
        {
            problems.Add(
                node.Place, ConfigCodes.NotInMode,
                "'max_failures' only has a meaning with 'require: settled': other quorums say how many must succeed.");
        }
        if (node is ConfigNode.Scalar { Kind: ScalarKind.Number })
        {
            return new Tolerance(reader.Integer("max_failures", 0, MostBranches), null);
        }
        if (PercentText.Read(node) is { } percent)
        {
            return new Tolerance(null, percent);
        }
        problems.Add(
            node.Place, ConfigCodes.UnknownWord,
            $"'max_failures': expected a number, or a share such as 5%, got {node.Describe()}.");
        return default;
    }

    private Json? ReadInput(string step, MappingReader reader)
    {
        if (reader["input"] is not { } node)
        {
            return null;
        }
        if (node is ConfigNode.Mapping input)
        {
            LiteralReferences.Warn(step, input, problems);
            return node.ToJson();
        }
        problems.Add(node.Place, ConfigCodes.WrongType, $"'input': expected a mapping, got {node.Describe()}.");
        return null;
    }

    internal static string WordOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLower(CultureInfo.InvariantCulture);

    private static FrozenDictionary<string, T> WordsOf<T>()
        where T : struct, Enum => Enum.GetValues<T>().ToFrozenDictionary(WordOf, StringComparer.Ordinal);
}
