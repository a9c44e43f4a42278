using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using Cronos;

namespace AgentGrid.Core.Config;

/// <summary>Reads <c>schedules.yaml</c>.</summary>
internal sealed class SchedulesReader(ProblemList problems)
{
    /// <summary>Its name in the folder.</summary>
    public const string File = "schedules.yaml";

    private const int MostCaughtUp = 100;

    private static readonly string[] s_keys = ["cron", "time_zone", "plan", "input", "labels", "overlap", "catch_up", "paused"];

    private static readonly FrozenDictionary<string, Overlap> s_overlaps =
        Enum.GetValues<Overlap>().ToFrozenDictionary(StepReader.WordOf, StringComparer.Ordinal);

    /// <param name="plans">As far as they can be read.</param>
    /// <param name="known">The names of all plans, also of those with mistakes.</param>
    public ImmutableSortedDictionary<string, ScheduleConfig> Read(
        ConfigFile file, ImmutableSortedDictionary<string, Plan> plans, IReadOnlyCollection<string> known)
    {
        var schedules = ImmutableSortedDictionary.CreateBuilder<string, ScheduleConfig>(StringComparer.Ordinal);
        if (YamlSource.Read(file, problems) is { } root)
        {
            var reader = new MappingReader(root, problems, ["schedules"]);
            foreach (var entry in new MappingReader(reader["schedules"], problems, null).Entries)
            {
                if (Read(entry, plans, known) is { } schedule)
                {
                    schedules[schedule.Name] = schedule;
                }
            }
        }
        return schedules.ToImmutable();
    }

    private ScheduleConfig? Read(
        ConfigNode.Entry entry, ImmutableSortedDictionary<string, Plan> plans, IReadOnlyCollection<string> known)
    {
        if (!Names.IsValid(entry.Key))
        {
            problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("schedule name", entry.Key));
            return null;
        }
        var reader = new MappingReader(entry.Value, problems, s_keys);
        var cron = Needed(reader, entry, "cron", "'cron: \"0 3 * * *\"', its times") ? reader.Text("cron") : null;
        var expression = cron is null ? null : ReadCron(cron, reader["cron"]!.Place);
        var zone = ReadZone(reader);
        var plan = Needed(reader, entry, "plan", "'plan: <name>', what it runs") ? ReadPlan(reader, known) : null;
        var schedule = new ScheduleConfig
        {
            Name = entry.Key,
            Cron = cron ?? "",
            Expression = expression ?? CronExpression.EveryMinute,
            TimeZone = zone?.Id ?? "",
            Zone = zone ?? TimeZoneInfo.Utc,
            Plan = plan ?? "",
            Input = ReadInput(reader),
            Labels = LabelsReader.Read(reader, problems),
            Overlap = reader.Word("overlap", s_overlaps) ?? Overlap.Skip,
            CatchUp = reader.Integer("catch_up", 0, MostCaughtUp) ?? 1,
            Paused = reader.Flag("paused") ?? false,
        };
        if (plan is not null && plans.TryGetValue(plan, out var found))
        {
            CheckInput(schedule, found, reader["input"]?.Place ?? entry.Place);
        }
        return expression is null || zone is null || plan is null ? null : schedule;
    }

    private bool Needed(MappingReader reader, ConfigNode.Entry entry, string key, string what)
    {
        if (reader[key] is null)
        {
            problems.Add(entry.Place, ConfigCodes.Missing, $"the schedule '{entry.Key}' needs {what}.");
        }
        return reader[key] is not null;
    }

    private CronExpression? ReadCron(string text, ConfigPlace place)
    {
        var fields = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length;
        try
        {
            return CronExpression.Parse(text, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        }
        catch (CronFormatException e)
        {
            problems.Add(
                place, ConfigCodes.BadCron,
                $"'cron': '{Names.Shorten(text)}' is not a cron expression: expected minute, hour, day of the month, month and day of the week, as in " +
                $"\"0 3 * * *\", or six fields that begin with the second. {e.Message}");
            return null;
        }
    }

    private TimeZoneInfo? ReadZone(MappingReader reader)
    {
        if (reader["time_zone"] is null)
        {
            return TimeZoneInfo.Utc;
        }
        if (reader.Text("time_zone") is not { } id)
        {
            return null;
        }
        if (TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone))
        {
            return zone;
        }
        var near = Names.Nearest(id, [.. TimeZoneInfo.GetSystemTimeZones().Select(static z => z.Id)]);
        problems.Add(
            reader["time_zone"]!.Place, ConfigCodes.UnknownTimeZone,
            $"this machine has no time zone '{Names.Shorten(id)}'" + (near is null
                ? ": expected a name of the IANA database, such as Europe/Berlin or UTC."
                : $", did you mean '{near}'?"));
        return null;
    }

    private string? ReadPlan(MappingReader reader, IReadOnlyCollection<string> known)
    {
        if (reader.Name("plan", "plan name") is not { } plan || known.Contains(plan))
        {
            return reader.Name("plan", "plan name");
        }
        problems.Add(reader["plan"]!.Place, ConfigCodes.UnknownPlan, $"unknown plan '{plan}'{problems.Suggest(plan, known)}");
        return null;
    }

    private Json ReadInput(MappingReader reader)
    {
        foreach (var entry in new MappingReader(reader["input"], problems, null).Entries)
        {
            if (entry.Key is "match_id" or "round")
            {
                problems.Add(
                    entry.Place, ConfigCodes.Contradiction,
                    $"'{entry.Key}' is set by the schedule: its name is the match_id, and the time of the tick is the round. Remove it.");
            }
        }
        return reader["input"] is ConfigNode.Mapping input ? input.ToJson() : Json.EmptyObject;
    }

    private void CheckInput(ScheduleConfig schedule, Plan plan, ConfigPlace place)
    {
        foreach (var problem in plan.Settings.InputSchema?.Problems(schedule.InputOf(DateTimeOffset.UnixEpoch)) ?? [])
        {
            problems.Add(
                place, ConfigCodes.UnfitInput,
                $"the input of the schedule '{schedule.Name}' does not fit plan '{plan.Name}': {problem.Place}: {problem.Reason}");
        }
    }
}
