using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Config;

/// <summary>Reads the files under <c>plans/</c>, one after the other, and then what they say together.</summary>
internal sealed class PlanFilesReader(ProblemList problems)
{
    private static readonly string[] s_keys = ["default", "plans"];

    private readonly SortedDictionary<string, PlanDraft> _plans = new(StringComparer.Ordinal);
    private readonly List<(string Name, ConfigPlace Place)> _defaults = [];

    /// <summary>The names of all plans, also of those with mistakes.</summary>
    public IReadOnlyCollection<string> Known => _plans.Keys;

    public void Read(ConfigFile file)
    {
        if (YamlSource.Read(file, problems) is not { } root)
        {
            return;
        }
        var reader = new MappingReader(root, problems, s_keys);
        if (reader.Name("default", "plan name") is { } name)
        {
            _defaults.Add((name, reader["default"]!.Place));
        }
        foreach (var entry in new MappingReader(reader["plans"], problems, null).Entries)
        {
            ReadPlan(entry);
        }
    }

    /// <param name="checkCapabilities">False when what agents can do is not known well enough.</param>
    public GridConfig AddTo(GridConfig grid, bool checkCapabilities)
    {
        var check = new TargetCheck(grid.Agents, _plans.Keys, problems, checkCapabilities);
        var schemas = _plans.Where(static p => p.Value.Plan?.Settings.InputSchema is not null)
            .ToDictionary(static p => p.Key, static p => p.Value.Plan!.Settings.InputSchema!.Text, StringComparer.Ordinal);
        var inputs = new StepInputCheck(grid.Agents, schemas, problems);
        foreach (var plan in _plans.Values)
        {
            check.Run(plan.Steps);
            inputs.Run(plan.Steps);
        }
        new PlanCallsCheck(_plans, problems).Report();
        return grid with
        {
            Plans = _plans.Where(p => p.Value.Plan is not null)
                .ToImmutableSortedDictionary(p => p.Key, p => p.Value.Plan!, StringComparer.Ordinal),
            DefaultPlan = Default(),
        };
    }

    private void ReadPlan(ConfigNode.Entry entry)
    {
        if (!Names.IsValid(entry.Key))
        {
            problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("plan name", entry.Key));
        }
        var draft = PlanDraft.Read(entry.Key, entry.Value, entry.Place, problems, isInline: false);
        if (!_plans.TryAdd(entry.Key, draft))
        {
            problems.Add(
                entry.Place, ConfigCodes.DuplicatePlan,
                $"the plan '{Names.Shorten(entry.Key)}' is already at {_plans[entry.Key].Place}: rename one of them.");
        }
    }

    private string? Default()
    {
        foreach (var (name, place) in _defaults.Skip(1))
        {
            problems.Add(
                place, ConfigCodes.DuplicateDefault,
                $"'default: {name}', but {_defaults[0].Place} already says 'default: {_defaults[0].Name}': keep one.");
        }
        foreach (var (name, place) in _defaults.Where(d => !_plans.ContainsKey(d.Name)))
        {
            problems.Add(
                place, ConfigCodes.UnknownPlan, $"unknown plan '{name}'{problems.Suggest(name, [.. _plans.Keys])}");
        }
        return _defaults.Count > 0 ? _defaults[0].Name : _plans.Count == 1 ? _plans.Keys.Single() : null;
    }
}
